//! Init scripts of `OpenRC`, run by its `supervise-daemon`.

use super::{Service, shell_word};

pub(super) fn init_script(service: &Service) -> String {
    let words = service.words();
    // `supervise-daemon` is called through `eval`: words are quoted once for it, and once for the assignment.
    let arguments: Vec<String> = words.iter().skip(1).map(|word| shell_word(word)).collect();
    let environment: Vec<String> = service
        .environment("linux")
        .iter()
        .map(|(name, value)| format!("export {name}={}\n", shell_word(value)))
        .collect();
    let user = service
        .user
        .as_ref()
        .map(|user| format!("command_user={}\n", shell_word(user)))
        .unwrap_or_default();
    let log = service
        .state_dir
        .join("logs")
        .join(format!("{}.log", service.kind.word()));
    let log = shell_word(&log.display().to_string());
    let file = shell_word(&service.environment_file().display().to_string());
    format!(
        "#!/sbin/openrc-run\n\
         # Written by `{install}`, which writes it again.\n\
         name={description}\n\
         supervisor=supervise-daemon\n\
         command={command}\n\
         command_args={arguments}\n\
         {user}\
         directory={home}\n\
         umask=0077\n\
         respawn_delay=5\n\
         respawn_max=0\n\
         retry=TERM/45/KILL/5\n\
         output_log={log}\n\
         error_log={log}\n\
         {environment}\
         if [ -r {file} ]; then\n\
         \x20 set -a\n\
         \x20 . {file}\n\
         \x20 set +a\n\
         fi\n\
         \n\
         depend() {{\n\
         \x20 use net dns logger\n\
         \x20 after firewall\n\
         }}\n\
         \n\
         start_pre() {{\n\
         \x20 checkpath --directory --mode 0700{owner} {state}\n\
         \x20 checkpath --directory --mode 0700{owner} {logs}\n\
         }}\n",
        environment = environment.concat(),
        install = service.install_command(),
        description = shell_word(&service.description()),
        command = shell_word(&words[0]),
        arguments = shell_word(&arguments.join(" ")),
        home = shell_word(&service.home.display().to_string()),
        owner = service
            .user
            .as_ref()
            .map(|user| format!(" --owner {}", shell_word(user)))
            .unwrap_or_default(),
        state = shell_word(&service.state_dir.display().to_string()),
        logs = shell_word(&service.state_dir.join("logs").display().to_string()),
    )
}
