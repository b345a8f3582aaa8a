//! PyTorch's own files: a zip archive of a pickle and of the storages that it names.

use std::io;

use super::super::replace::WriteSeek;
use super::super::tensors::NewTensor;
use super::pickle::Pickle;
use super::zip::ZipFile;
use super::{Dtype, NewFile, Problem, Writer};

/// Writes a `state_dict` as `torch.save` does, for `torch.load(weights_only=True)` to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pth;

/// The folder in the archive; torch names it after the file, whose name is to change no byte here.
const ROOT: &str = "archive";

/// Where torch puts storages, so that they can be mapped into memory.
const ALIGNMENT: u64 = 64;

impl Writer for Pth {
    fn id(&self) -> &'static str {
        "pth"
    }

    fn label(&self) -> &'static str {
        "PyTorch" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pth", "pt", "th"]
    }

    fn holds(&self, dtype: Dtype) -> bool {
        matches!(dtype, Dtype::F16 | Dtype::Bf16 | Dtype::F32 | Dtype::F64)
    }

    fn keeps_notes(&self) -> bool {
        false
    }

    fn check(&self, file: &NewFile<'_>) -> Result<(), Problem> {
        super::zip::check(file.tensors)
    }

    fn write(&self, file: &NewFile<'_>, out: &mut dyn WriteSeek) -> io::Result<()> {
        let mut zip = ZipFile::new(io::BufWriter::new(out));
        let mut put = |name: &str, bytes: &[u8]| zip.put(&format!("{ROOT}/{name}"), bytes, ALIGNMENT);
        let (pickle, storages) = pickled(file);
        put("data.pkl", &pickle)?;
        put(".format_version", b"1")?;
        put(".storage_alignment", ALIGNMENT.to_string().as_bytes())?;
        put("byteorder", b"little")?;
        for (number, tensor) in storages.into_iter().enumerate() {
            put(&format!("data/{number}"), &tensor.bytes())?;
        }
        put("version", b"3\n")?;
        let id = serialization_id(&zip);
        zip.put(&format!("{ROOT}/.data/serialization_id"), id.as_bytes(), ALIGNMENT)?;
        zip.finish()
    }
}

/// The pickle, and the tensors in the order of the storages that it names.
fn pickled<'a>(file: &NewFile<'a>) -> (Vec<u8>, Vec<&'a NewTensor>) {
    let inner = |tensor: &NewTensor| -> Option<String> {
        tensor.name.strip_prefix(file.nested?)?.strip_prefix('.').map(str::to_owned)
    };
    let (inside, outside): (Vec<_>, Vec<_>) = file.tensors.iter().partition(|tensor| inner(tensor).is_some());
    let mut pickle = Pickle::new();
    let put = |pickle: &mut Pickle, tensor: &NewTensor| {
        pickle.text(&inner(tensor).unwrap_or_else(|| tensor.name.clone()));
        pickle.tensor(tensor);
    };
    match file.nested.filter(|_| !inside.is_empty()) {
        None => pickle.ordered_dict(|pickle| outside.iter().for_each(|tensor| put(pickle, tensor))),
        Some(key) => pickle.dict(|pickle| {
            pickle.text(key);
            pickle.ordered_dict(|pickle| inside.iter().for_each(|tensor| put(pickle, tensor)));
            outside.iter().for_each(|tensor| put(pickle, tensor));
        }),
    }
    (pickle.finish(), inside.into_iter().chain(outside).collect())
}

/// Twenty digits of what the entries are called and twenty of what they hold: torch tells files apart by this.
fn serialization_id<W: io::Write>(zip: &ZipFile<W>) -> String {
    let (mut names, mut contents) = (crc32fast::Hasher::new(), crc32fast::Hasher::new());
    for (name, crc) in zip.checksums() {
        names.update(name.as_bytes());
        contents.update(&crc.to_le_bytes());
    }
    format!("{:020}{:020}", names.finalize(), contents.finalize())
}
