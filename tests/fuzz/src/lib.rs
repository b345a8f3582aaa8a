//! What all fuzz targets do: put bytes into a file, and have one reader read everything that it finds there.
//!
//! The checksums of archives are struck out first: behind them no change would ever be seen.

use std::backtrace::Backtrace;
use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::path::PathBuf;
use std::process::abort;
use std::sync::{LazyLock, Once};

use rvqscope::io::{self, EmaParams, LoadedModel, Opened, READERS, Reader, Source};
use rvqscope::rvq::{Chain, ChainParts, Codebook, Rvq};
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
    std::fs::write(&*FILE, without_checksums(bytes)).expect("a temporary file");
    let Ok(source) = Source::open(&FILE) else { return };
    let cancel = Cancel::default();
    let task = Task::silent(&cancel);
    let _ = reader.read(&source, &task);
    end_on_own_panics();
    if let Some(Ok(tensors)) = reader.tensors(&source, &task) {
        for name in tensors.infos().keys().take(64) {
            let _ = (tensors.floats(name, &task), tensors.codes(name, &task), tensors.placed(name));
        }
    }
}

/// Takes `bytes` for a checkpoint, moves one row of its quantizer, writes that back, and holds the copy against the original.
///
/// # Panics
/// What was written is no checkpoint of the same length with the same quantizer in it, or something fails on the way.
pub fn write_back(bytes: &[u8]) {
    let bytes = without_checksums(bytes);
    std::fs::write(&*FILE, &bytes).expect("a temporary file");
    let Some(LoadedModel { rvq: old, info }) = model() else { return };
    let Some(changed) = with_another_row(&old) else { return };
    let cancel = Cancel::default();
    if io::write_back(&FILE, &FILE, None, &changed, &EmaParams::default(), &Task::silent(&cancel)).is_err() {
        assert!(std::fs::read(&*FILE).expect("the file") == bytes, "a refused checkpoint was changed");
        return;
    }
    assert_eq!(std::fs::metadata(&*FILE).expect("the copy").len(), bytes.len() as u64, "the length changed");
    let after = model().expect("the copy holds a quantizer");
    assert_eq!((&after.info.family, &after.info.place), (&info.family, &info.place));
    let others = |rvq: &Rvq| rvq.layers().split_last().map(|(_, others)| others.to_vec());
    assert_eq!(others(&after.rvq), others(&old), "a layer changed that was to stay");
}

/// `rvq` with another first row in its last layer.
fn with_another_row(rvq: &Rvq) -> Option<Rvq> {
    let mut layers = rvq.layers().to_vec();
    let book = &mut layers.last_mut()?.codebook;
    let mut rows = book.embed().to_owned();
    rows.row_mut(0).mapv_inplace(|v| v * 0.5 + 1.0);
    *book = Codebook::new(rows, book.cluster_size().clone(), book.embed_avg().clone()).ok()?;
    let chain = |chain: &Chain| ChainParts {
        layers: layers[chain.layers()].to_vec(),
        columns: Some(chain.columns()),
        projection: chain.projection().cloned(),
    };
    Rvq::of_chains(rvq.dim(), rvq.chains().iter().map(chain).collect(), rvq.metric()).ok()
}

/// `bytes` with a checksum of 0, which stands for none, wherever a directory of an archive has one.
fn without_checksums(bytes: &[u8]) -> Vec<u8> {
    const RECORD: &[u8] = b"PK\x01\x02";
    const CHECKSUM: std::ops::Range<usize> = 16..20;
    let mut out = bytes.to_vec();
    for at in 0..out.len() {
        if out[at..].starts_with(RECORD)
            && let Some(sum) = out.get_mut(at + CHECKSUM.start..at + CHECKSUM.end)
        {
            sum.fill(0);
        }
    }
    out
}

fn model() -> Option<LoadedModel> {
    let cancel = Cancel::default();
    match io::open(&FILE, &Task::silent(&cancel)) {
        Ok(Opened::Model(model)) => Some(model),
        _ => None,
    }
}

/// Ends the run on a panic of our own even where a foreign decoder is at work, whose panics the readers turn into errors and keep quiet about.
///
/// To be called when a reader was at work once: only then is its hook there to be put before.
fn end_on_own_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = take_hook();
        set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            // Where cargo keeps the sources of others.
            if info.location().is_some_and(|at| at.file().contains("/registry/src/")) {
                told(info);
            } else {
                eprintln!("{info}\n{}", Backtrace::force_capture());
                abort();
            }
        }));
    });
}
