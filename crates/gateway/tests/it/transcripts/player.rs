//! Plays one transcript, step by step, in the recorded order.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use openclaw_testkit::{Ended, TestDevice, TestGateway, Wire};
use serde_json::{Value, json};

use super::compare::{Names, differences};
use super::decisions::decided;
use super::{adapted, is_skipped, proof};

/// Events whose moment depends on what else goes on; whether they come is not compared.
const AMBIENT: &[&str] = &["presence", "tick", "health"];
/// How much longer than recorded something may take to come.
const PATIENCE: Duration = Duration::from_secs(2);

/// A difference, and where it is.
#[derive(Debug)]
pub(super) struct Difference {
    /// `transcript/connection/method`.
    pub(super) at: String,
    /// What differs.
    pub(super) what: String,
}

/// A connection of the transcript.
struct Line {
    wire: Wire,
    recorded_challenge: Value,
    challenge: Value,
    /// Methods by request id.
    methods: BTreeMap<String, String>,
    ended: Option<Ended>,
    /// Ours let in whom the recorded gateway refused, so there will be no end to wait for.
    admitted_instead: bool,
}

pub(super) struct Player {
    name: String,
    script: Value,
    gateway: Option<TestGateway>,
    lines: BTreeMap<String, Line>,
    devices: BTreeMap<String, TestDevice>,
    names: Names,
    /// Time since the step before, as recorded.
    gap: Duration,
    found: Vec<Difference>,
}

impl Player {
    pub(super) fn load(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/tests/data/v3");
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        Self {
            name: name.split('-').next().unwrap().to_owned(),
            script: serde_json::from_str(&text).unwrap(),
            gateway: None,
            lines: BTreeMap::new(),
            devices: BTreeMap::new(),
            names: Names::default(),
            gap: Duration::ZERO,
            found: Vec::new(),
        }
    }

    pub(super) fn into_script(self) -> Value {
        self.script
    }

    pub(super) async fn play(mut self) -> Vec<Difference> {
        let mut settings = self.script["gateway"].clone();
        settings["mode"] = json!("local");
        let builder = TestGateway::builder().config(json!({ "gateway": settings }));
        self.gateway = Some(builder.start().await);
        let steps = self.script["steps"].take();
        let mut before = 0;
        for step in steps.as_array().unwrap() {
            let at = step["t"].as_u64().unwrap_or(before);
            self.gap = Duration::from_millis(at.saturating_sub(before));
            before = at;
            let line = step["conn"].as_str().unwrap_or_default();
            if !is_skipped(&self.name, line, step) {
                self.step(line, step).await;
            }
        }
        self.found
    }

    fn note(&mut self, line: &str, method: &str, what: String) {
        let at = format!("{}/{line}/{method}", self.name);
        self.found.push(Difference { at, what });
    }

    async fn step(&mut self, line: &str, step: &Value) {
        let is_open = matches!(step["dir"].as_str(), Some("open" | "file" | "note"));
        if !is_open && !self.lines.contains_key(line) {
            let what = format!(
                "closed before: {}",
                step["dir"].as_str().unwrap_or_default()
            );
            self.note(line, "line", what);
            return;
        }
        match step["dir"].as_str().unwrap() {
            "open" => self.open(line, step).await,
            "send" => self.send(line, &step["frame"]).await,
            "send-raw" => {
                let text = step["data"].as_str().unwrap();
                self.lines.get_mut(line).unwrap().wire.send_text(text).await;
            }
            "recv" if step["frame"]["type"] == "res" => self.answer(line, &step["frame"]).await,
            "recv" => self.event(line, &step["frame"]).await,
            "close" if step["by"] == "client" => {
                if let Some(line) = self.lines.remove(line) {
                    line.wire.close().await;
                }
            }
            "close" => self.closed(line, step).await,
            // The state on disk is our own (D13), and notes are for people.
            "file" | "note" => {}
            other => panic!("{}: a step of kind {other}", self.name),
        }
    }

    async fn open(&mut self, name: &str, step: &Value) {
        let address = self.gateway.as_ref().unwrap().address();
        let given = step["headers"].as_object().cloned().unwrap_or_default();
        let host = given.get("Host").and_then(Value::as_str).map(str::to_owned);
        let headers: Vec<(&str, &str)> = given
            .iter()
            .filter(|(key, _)| *key != "Host")
            .map(|(key, value)| (key.as_str(), value.as_str().unwrap()))
            .collect();
        let host = host.unwrap_or_else(|| address.to_string());
        let wire = Wire::open_as(address, &host, &headers).await.unwrap();
        let line = Line {
            wire,
            recorded_challenge: Value::Null,
            challenge: Value::Null,
            methods: BTreeMap::new(),
            ended: None,
            admitted_instead: false,
        };
        self.lines.insert(name.to_owned(), line);
    }

    async fn send(&mut self, name: &str, recorded: &Value) {
        let mut frame = recorded.clone();
        if frame["method"] == "connect" {
            adapted(&self.name, name, &mut frame["params"]);
        }
        let params = &recorded["params"];
        if frame["method"] == "connect" && params["device"].is_object() {
            let id = params["device"]["id"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let number = u8::try_from(self.devices.len()).unwrap() + 1;
            let device = self
                .devices
                .entry(id.clone())
                .or_insert_with(|| TestDevice::from_seed([number; 32]));
            self.names.learn(&id, &device.id());
            frame["params"]
                .as_object_mut()
                .unwrap()
                .shift_remove("device");
            self.names.translate(&mut frame);
            let line = &self.lines[name];
            let renewed = proof::renewed(
                params,
                &line.recorded_challenge,
                &frame["params"],
                &line.challenge,
                &self.devices[&id],
            );
            frame["params"]["device"] = renewed;
        } else {
            self.names.translate(&mut frame);
        }
        let line = self.lines.get_mut(name).unwrap();
        if let (Some(id), Some(method)) = (frame["id"].as_str(), frame["method"].as_str()) {
            line.methods.insert(id.to_owned(), method.to_owned());
        }
        if let Err(ended) = line.wire.try_send(&frame).await {
            line.ended.get_or_insert(ended);
        }
    }

    async fn answer(&mut self, name: &str, recorded: &Value) {
        let line = self.lines.get_mut(name).unwrap();
        let id = &recorded["id"];
        let method = id
            .as_str()
            .and_then(|id| line.methods.get(id).cloned())
            .unwrap_or_else(|| "raw".to_owned());
        let waiting = line
            .wire
            .try_wait_for(|frame| frame["type"] == "res" && frame["id"] == *id);
        match tokio::time::timeout(self.gap + PATIENCE, waiting).await {
            Ok(Ok(ours)) => {
                line.admitted_instead =
                    method == "connect" && ours["ok"] == true && recorded["ok"] == false;
                for what in differences(recorded, &ours, &mut self.names) {
                    self.note(name, &method, what);
                }
            }
            Ok(Err(ended)) => {
                let what = format!("no answer: closed with {} {}", ended.code, ended.reason);
                line.ended = Some(ended);
                self.note(name, &method, what);
            }
            Err(_) => self.note(name, &method, "no answer".to_owned()),
        }
    }

    async fn event(&mut self, name: &str, recorded: &Value) {
        let event = recorded["event"].as_str().unwrap();
        let line = self.lines.get_mut(name).unwrap();
        if AMBIENT.contains(&event) || line.ended.is_some() {
            return;
        }
        let waiting = line.wire.try_wait_for(|frame| frame["event"] == event);
        match tokio::time::timeout(self.gap + PATIENCE, waiting).await {
            Ok(Ok(ours)) => {
                if event == "connect.challenge" {
                    line.recorded_challenge = recorded["payload"].clone();
                    line.challenge = ours["payload"].clone();
                }
                for what in differences(recorded, &ours, &mut self.names) {
                    self.note(name, event, what);
                }
            }
            Ok(Err(ended)) => {
                let what = format!("no event: closed with {} {}", ended.code, ended.reason);
                line.ended = Some(ended);
                self.note(name, event, what);
            }
            Err(_) => self.note(name, event, "no event".to_owned()),
        }
    }

    async fn closed(&mut self, name: &str, step: &Value) {
        let mut line = self.lines.remove(name).unwrap();
        let Some(ended) = self.end_of(&mut line).await else {
            self.note(name, "close", "still open".to_owned());
            return;
        };
        let reason = decided(step["reason"].as_str().unwrap_or_default());
        let was = format!("{} {reason}", step["code"]);
        let is = format!("{} {}", ended.code, ended.reason);
        if was != is {
            self.note(name, "close", format!("{was} -> {is}"));
        }
    }

    async fn end_of(&self, line: &mut Line) -> Option<Ended> {
        if line.ended.is_some() || line.admitted_instead {
            return line.ended.take();
        }
        let waiting = line.wire.until_end();
        let (_, ended) = tokio::time::timeout(self.gap + PATIENCE, waiting)
            .await
            .ok()?;
        Some(ended)
    }
}
