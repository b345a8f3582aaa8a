//! What all fuzz targets do: put bytes into a file, and have one reader read everything that it finds there.

use std::path::PathBuf;
use std::sync::LazyLock;

use rvqscope::io::{READERS, Reader, Source};
use rvqscope::task::{Cancel, Task};

/// One file for this process. A folder in memory (`TMPDIR=/dev/shm`) makes it many times faster.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("rvqscope-fuzz-{}", std::process::id())));

/// Reads `bytes` by the reader called `id`, whatever they look like.
///
/// # Panics
/// The reader does, which is what is looked for; or there is none of that name.
pub fn read_as(id: &str, bytes: &[u8]) {
    let reader: &dyn Reader = *READERS.iter().find(|reader| reader.id() == id).expect("a reader");
    std::fs::write(&*FILE, bytes).expect("a temporary file");
    let Ok(source) = Source::open(&FILE) else { return };
    let cancel = Cancel::default();
    let task = Task::silent(&cancel);
    let _ = reader.read(&source, &task);
    if let Some(Ok(tensors)) = reader.tensors(&source) {
        for name in tensors.infos().keys().take(64) {
            let _ = (tensors.floats(name, &task), tensors.codes(name, &task), tensors.placed(name));
        }
    }
}
