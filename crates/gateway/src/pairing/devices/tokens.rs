//! Tokens of paired devices: who holds which, given, replaced, taken back.

use openclaw_protocol::scope::{Role, ScopeSet};

use super::{DeviceError, Devices};
use crate::auth::secret;
use crate::records::{Change, CredentialHash, DeviceRecord, TokenRecord};

/// Live tokens kept per device and role: a client may run several processes that share one token file.
const TOKENS_PER_ROLE: usize = 4;

impl Devices {
    /// The scopes a device token carries, if it is a live token of this device and role.
    pub fn token_scopes(
        &self,
        device_id: &str,
        role: Role,
        token: &str,
    ) -> Option<(CredentialHash, ScopeSet)> {
        let sent = secret::hash(token);
        let device = self.paired.get(device_id)?;
        // Every token is compared, so that time does not tell which one matched.
        let mut found = None;
        for token in device
            .tokens
            .iter()
            .filter(|token| token.role == role && token.revoked_at_ms.is_none())
        {
            if secret::same(token.hash, sent) {
                found = Some((token.hash, token.scopes));
            }
        }
        found
    }

    /// The scopes of a live operator token of any device (HTTP bearer).
    pub fn operator_token_scopes(&self, token: &str) -> Option<ScopeSet> {
        self.paired
            .keys()
            .find_map(|id| self.token_scopes(id, Role::Operator, token))
            .map(|(_, scopes)| scopes)
    }

    /// Issues a further token to a device that proved itself. The plain token is returned once and never kept.
    pub fn issue(
        &mut self,
        device_id: &str,
        role: Role,
        scopes: ScopeSet,
        now_ms: i64,
    ) -> Result<(String, Vec<Change>), DeviceError> {
        let device = self
            .paired
            .get_mut(device_id)
            .ok_or(DeviceError::UnknownDevice)?;
        let token = add_token(device, role, scopes, now_ms);
        Ok((token, vec![Change::PutDevice(Box::new(device.clone()))]))
    }

    /// Replaces all tokens of a role by one new token. Its scopes are within what the device is approved for.
    pub fn rotate(
        &mut self,
        device_id: &str,
        role: Role,
        scopes: Option<ScopeSet>,
        now_ms: i64,
    ) -> Result<(String, TokenRecord, Vec<Change>), DeviceError> {
        let device = self
            .paired
            .get_mut(device_id)
            .ok_or(DeviceError::UnknownRole)?;
        if !device.roles.contains(&role) {
            return Err(DeviceError::UnknownRole);
        }
        let current = device
            .tokens
            .iter()
            .find(|token| token.role == role && token.revoked_at_ms.is_none());
        let scopes = scopes
            .or_else(|| current.map(|token| token.scopes))
            .unwrap_or(device.scopes);
        if role == Role::Operator && !device.scopes.covers(scopes) {
            let beyond: Vec<_> = scopes
                .iter()
                .filter(|scope| !device.scopes.allows(*scope))
                .map(openclaw_protocol::scope::Scope::name)
                .collect();
            return Err(DeviceError::ScopesExceedGrant(beyond.join(", ")));
        }
        device.tokens.retain(|token| token.role != role);
        let token = add_token(device, role, scopes, now_ms);
        let record = device.tokens.first_mut().expect("a token was just added");
        record.rotated_at_ms = Some(now_ms);
        let record = record.clone();
        Ok((
            token,
            record,
            vec![Change::PutDevice(Box::new(device.clone()))],
        ))
    }

    /// Revokes all tokens of a role, and with them its approval: the role has to be approved again.
    pub fn revoke(
        &mut self,
        device_id: &str,
        role: Role,
        now_ms: i64,
    ) -> Result<Vec<Change>, DeviceError> {
        let device = self
            .paired
            .get_mut(device_id)
            .ok_or(DeviceError::UnknownRole)?;
        let mut any = false;
        for token in device.tokens.iter_mut().filter(|token| token.role == role) {
            token.revoked_at_ms.get_or_insert(now_ms);
            any = true;
        }
        if !any {
            return Err(DeviceError::UnknownRole);
        }
        Ok(vec![Change::PutDevice(Box::new(device.clone()))])
    }
}

/// Adds a token and returns its plain text.
fn add_token(device: &mut DeviceRecord, role: Role, scopes: ScopeSet, now_ms: i64) -> String {
    let token = secret::mint();
    device
        .tokens
        .retain(|held| held.role != role || held.revoked_at_ms.is_none());
    let created_at_ms = device
        .tokens
        .iter()
        .filter(|held| held.role == role)
        .map(|held| held.created_at_ms)
        .min()
        .unwrap_or(now_ms);
    let record = TokenRecord {
        role,
        hash: secret::hash(&token),
        scopes,
        created_at_ms,
        rotated_at_ms: (created_at_ms != now_ms).then_some(now_ms),
        revoked_at_ms: None,
        last_used_at_ms: None,
    };
    device.tokens.insert(0, record);
    let mut of_role = 0;
    device.tokens.retain(|held| {
        of_role += usize::from(held.role == role);
        held.role != role || of_role <= TOKENS_PER_ROLE
    });
    token
}
