//! The menu entry and the package of file types, as the specifications of freedesktop.org want them.

use std::path::Path;

use anyhow::{Result, bail};

use super::types::FileType;

/// By this the program knows its own files again.
pub(super) const MARK: &str = "Written by rvqscope install-desktop";

/// The menu entry that starts `binary` with files of the types `opened`.
pub(super) fn menu_entry(binary: &Path, opened: &[String]) -> Result<String> {
    let Some(binary) = binary.to_str().filter(|path| !path.chars().any(char::is_control)) else {
        bail!("a menu cannot start a binary whose path has such letters: {}", binary.display());
    };
    let types: String = opened.iter().map(|name| format!("{name};")).collect();
    Ok(format!(
        "# {MARK}\n\
         [Desktop Entry]\n\
         Type=Application\n\
         Version=1.0\n\
         Name=rvqscope\n\
         GenericName=Quantizer Instrument\n\
         Comment=See whether the codebooks of a residual vector quantizer are healthy\n\
         Exec={} %F\n\
         Icon=rvqscope\n\
         Terminal=false\n\
         StartupWMClass=rvqscope\n\
         Categories=Science;DataVisualization;\n\
         Keywords=RVQ;codec;codebook;tokens;speech;\n\
         MimeType={types}\n",
        quoted(binary)
    ))
}

/// An argument of an Exec line: quoted, then escaped once more, since the line as a whole is a text of the file.
fn quoted(argument: &str) -> String {
    let mut out = String::from("\"");
    for c in argument.chars() {
        match c {
            '"' | '`' | '$' => out.extend(["\\\\", &c.to_string()]),
            '\\' => out.push_str("\\\\\\\\"),
            // Else it would begin a field code.
            '%' => out.push_str("%%"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The package of types for shared-mime-info.
pub(super) fn type_package(types: &[(&FileType, Vec<&str>)]) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- {MARK} -->\n\
         <mime-info xmlns=\"http://www.freedesktop.org/standards/shared-mime-info\">\n"
    );
    for (FileType { name, comment, kind_of, .. }, endings) in types {
        text.push_str(&format!("  <mime-type type=\"{name}\">\n    <comment>{comment}</comment>\n"));
        if let Some(parent) = kind_of {
            text.push_str(&format!("    <sub-class-of type=\"{parent}\"/>\n"));
        }
        for ending in endings {
            text.push_str(&format!("    <glob pattern=\"*.{ending}\"/>\n"));
        }
        text.push_str("  </mime-type>\n");
    }
    text.push_str("</mime-info>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_as_the_specification_says() {
        assert_eq!(quoted("/opt/my tools/rvqscope"), "\"/opt/my tools/rvqscope\"");
        // The specification's own examples: a dollar sign is `\\$`, a backslash `\\\\`.
        assert_eq!(quoted("/a$b"), r#""/a\\$b""#);
        assert_eq!(quoted(r"/a\b"), r#""/a\\\\b""#);
        assert_eq!(quoted("/100%/`x`"), r#""/100%%/\\`x\\`""#);
    }

    #[test]
    fn a_menu_cannot_start_a_path_with_a_line_break() {
        let entry =
            menu_entry(Path::new("/opt/rvqscope"), &["audio/flac", "application/x-npy"].map(str::to_owned))
                .unwrap();
        assert!(entry.contains("\nExec=\"/opt/rvqscope\" %F\n"), "{entry}");
        assert!(entry.ends_with("MimeType=audio/flac;application/x-npy;\n"), "{entry}");
        assert!(menu_entry(Path::new("/opt/a\nExec=b"), &[]).is_err());
    }
}
