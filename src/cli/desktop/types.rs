//! The types of the files that the window opens: the system's own, and those that it does not know.

/// A type of files.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileType {
    pub(super) name: &'static str,
    pub(super) comment: &'static str,
    pub(super) endings: &'static [&'static str],
    /// What such a file is besides.
    pub(super) kind_of: Option<&'static str>,
}

/// What the menu entry and the package of types are made of.
#[derive(Debug)]
pub(super) struct Types {
    /// The names of all types that the window opens.
    pub(super) opened: Vec<String>,
    /// Those that the system does not know, each with the endings that nothing else stands for.
    pub(super) own: Vec<(&'static FileType, Vec<&'static str>)>,
}

/// Audio that every desktop knows.
static AUDIO: [&str; 8] = [
    "audio/x-wav",
    "audio/vnd.wave",
    "audio/flac",
    "audio/mpeg",
    "audio/ogg",
    "audio/mp4",
    "audio/aac",
    "audio/x-aiff",
];

const fn file_type(
    name: &'static str,
    comment: &'static str,
    endings: &'static [&'static str],
    kind_of: Option<&'static str>,
) -> FileType {
    FileType { name, comment, endings, kind_of }
}

/// What this program writes or opens well, and desktops most often do not know.
static FILE_TYPES: [FileType; 9] = [
    file_type("application/x-rvqscope-workspace", "rvqscope workspace", &["rvqscope"], None),
    file_type("application/x-safetensors", "safetensors tensors", &["safetensors"], None),
    file_type("application/x-npy", "NumPy array", &["npy"], None),
    file_type("application/x-npz", "NumPy arrays", &["npz"], Some("application/zip")),
    file_type("application/x-pytorch-checkpoint", "PyTorch checkpoint", &["pth", "pt", "ckpt"], None),
    file_type("application/x-nemo", "NeMo checkpoint", &["nemo"], None),
    file_type("application/x-gguf", "GGUF model", &["gguf"], None),
    file_type("application/x-onnx", "ONNX model", &["onnx"], None),
    file_type("application/x-codec-tokens", "Codes of a neural codec", &["dac", "ecdc"], None),
];

/// The types, where the system's tables of endings are `known`, each as in `mime/globs2`.
pub(super) fn types(known: &[String]) -> Types {
    let mut types = Types { opened: AUDIO.map(str::to_owned).to_vec(), own: Vec::new() };
    let mut add = |name: &str| {
        if types.opened.iter().all(|other| other != name) {
            types.opened.push(name.to_owned());
        }
    };
    for file_type in &FILE_TYPES {
        let mut left = Vec::new();
        for &ending in file_type.endings {
            match known.iter().find_map(|table| type_of(table, ending)) {
                Some(name) => add(name),
                None => left.push(ending),
            }
        }
        if !left.is_empty() {
            add(file_type.name);
            types.own.push((file_type, left));
        }
    }
    types
}

/// The type that a table has for an ending. Its lines are `weight:type:pattern`, with flags behind another colon.
fn type_of<'a>(table: &'a str, ending: &str) -> Option<&'a str> {
    let pattern = format!("*.{ending}");
    table.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut parts = line.split(':').skip(1);
        let name = parts.next()?;
        (parts.next() == Some(&pattern)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_endings_that_the_system_does_not_know_get_a_type() {
        assert_eq!(types(&[]).own.len(), FILE_TYPES.len());
        let table =
            "# 50:a/b:*.npz\n50:application/x-numpy:*.npy\n50:application/x-tex:*.npz.tex\n50:a/b:*.pt:cs\n";
        let Types { opened, own } = types(&[String::new(), table.to_owned()]);
        let own: Vec<(&str, &[&str])> = own.iter().map(|(t, endings)| (t.name, endings.as_slice())).collect();
        assert_eq!(own.len(), FILE_TYPES.len() - 1);
        assert!(own.contains(&("application/x-npz", &["npz"])));
        assert!(own.contains(&("application/x-pytorch-checkpoint", &["pth", "ckpt"])));
        let opens = |name: &str| opened.iter().any(|other| other == name);
        assert!(opens("audio/flac") && opens("application/x-numpy") && opens("a/b"));
        assert!(opens("application/x-pytorch-checkpoint") && !opens("application/x-npy"));
    }
}
