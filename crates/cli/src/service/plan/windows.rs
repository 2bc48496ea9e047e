//! The script that a scheduled task of Windows runs.

use super::Service;

pub(super) fn script(service: &Service) -> String {
    let environment: Vec<String> = service
        .environment("windows")
        .iter()
        // Windows has its own PATH and HOME.
        .filter(|(name, _)| !matches!(*name, "PATH" | "HOME"))
        .map(|(name, value)| format!("set \"{name}={}\"\r\n", escaped(value)))
        .collect();
    let words: Vec<String> = service
        .words()
        .iter()
        .map(|word| format!("\"{}\"", escaped(word)))
        .collect();
    let file = escaped(&service.environment_file().display().to_string());
    format!(
        "@echo off\r\n\
         rem {}\r\n\
         {environment}\
         if exist \"{file}\" for /f \"usebackq eol=# tokens=1,* delims==\" %%a in (\"{file}\") do set \"%%a=%%~b\"\r\n\
         cd /d \"{}\"\r\n\
         {}\r\n",
        service.description(),
        escaped(&service.home.display().to_string()),
        words.join(" "),
        environment = environment.concat(),
    )
}

/// In quotes only `%` means something.
fn escaped(text: &str) -> String {
    text.replace('%', "%%")
}
