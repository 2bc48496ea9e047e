//! The document of the Control UI: told where it is mounted, without a script.

use crate::http::answer::escape;

/// Marks that the built document has, each once.
const BASE: &str = "<base href=\"/\">";
const BASE_PATH: &str = "data-base-path=\"\"";
const VERSION: &str = "data-version=\"\"";
const BOOT_SOURCE: &str = "src=\"boot.js\"";

/// The script that runs before the first paint. Browsers wait for it, so it is named by its content: one that they have
/// costs no request.
pub(super) const BOOT: &str = "boot.js";

/// The document for this base path (empty, or `/panel`) from this gateway, with the content of its [`BOOT`] in short.
pub(super) fn render(html: &str, base_path: &str, version: &str, boot: Option<&str>) -> String {
    let (path, version) = (escape(base_path), escape(version));
    let html = match boot {
        Some(boot) => html.replacen(BOOT_SOURCE, &format!("src=\"{BOOT}?{boot}\""), 1),
        None => html.to_owned(),
    };
    html.replacen(BASE, &format!("<base href=\"{path}/\">"), 1)
        .replacen(BASE_PATH, &format!("data-base-path=\"{path}\""), 1)
        .replacen(VERSION, &format!("data-version=\"{version}\""), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u30_the_document_knows_where_it_is() {
        let built =
            "<html data-base-path=\"\" data-version=\"\"><base href=\"/\"><p data-base-path=\"\">";
        assert_eq!(
            render(built, "/panel", "1.2", None),
            "<html data-base-path=\"/panel\" data-version=\"1.2\"><base href=\"/panel/\"><p data-base-path=\"\">"
        );
        assert_eq!(
            render(built, "", "1.2", None),
            "<html data-base-path=\"\" data-version=\"1.2\"><base href=\"/\"><p data-base-path=\"\">"
        );
        assert_eq!(
            render("<script src=\"boot.js\">", "", "1.2", Some("ab12")),
            "<script src=\"boot.js?ab12\">"
        );
        let hostile = render(built, "/\"><script>", "<b>", None);
        assert!(
            !hostile.contains("<script") && !hostile.contains("<b>"),
            "{hostile}"
        );
        assert_eq!(
            render("<p>another page</p>", "/panel", "1", Some("ab")),
            "<p>another page</p>"
        );
    }
}
