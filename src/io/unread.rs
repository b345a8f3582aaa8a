//! Well-known formats that are not read: which one a file is of, and the line of Python that turns it into one that is.

use std::path::Path;

use super::Problem;
use crate::text::{Message, msg};

/// One such format.
struct Format {
    /// What a person calls it.
    name: &'static str,
    /// Where its mark stands, and the mark.
    mark: (usize, &'static [u8]),
    /// What turns it into one that is read; empty where no single command does.
    command: &'static str,
    /// What is said of such a file, given its name and the command.
    told: fn(&'static str, &'static str) -> Message,
}

const FEATHER: &str = "python -c \"import pandas; pandas.read_feather('FILE').to_parquet('x.parquet')\""; // not a text

const HDF5: &str = concat!(
    "python -c \"import h5py, numpy; numpy.savez('x.npz', **{k: v[()] for k, v in h5py.File('FILE').items() ",
    "if hasattr(v, 'shape')})\"", // not a text
);

const MATLAB: &str = concat!(
    "python -c \"import scipy.io, numpy; numpy.savez('x.npz', **{k: v for k, v in scipy.io.loadmat('FILE').items() ",
    "if k[0] != '_'})\"", // not a text
);

const TFLITE: &str = concat!(
    "python -c \"import tensorflow as tf, numpy; i = tf.lite.Interpreter('FILE'); i.allocate_tensors(); ",
    "numpy.savez('x.npz', **{d['name'].replace('/', '.'): i.get_tensor(d['index']) for d in i.get_tensor_details()})\"", // not a text
);

const ZARR: &str = "python -c \"import zarr, numpy; numpy.save('x.npy', zarr.open('FOLDER')[:])\""; // not a text

/// The formats, by their marks.
static FORMATS: &[Format] = &[
    Format {
        name: "Feather 1", // not a text
        mark: (0, b"FEA1"),
        command: FEATHER,
        told: |name, command| msg!("file-unread.parquet", name = name, command = command),
    },
    Format {
        name: "HDF5", // not a text
        mark: (0, b"\x89HDF\r\n\x1a\n"),
        command: HDF5,
        told: |_, command| msg!("file-unread.hdf5", command = command),
    },
    Format {
        name: "MATLAB 5", // not a text
        mark: (0, b"MATLAB 5.0 MAT-file"),
        command: MATLAB,
        told: |name, command| msg!("file-unread.arrays", name = name, command = command),
    },
    Format {
        name: "TensorFlow Lite", // not a text
        mark: (4, b"TFL3"),
        command: TFLITE,
        told: |name, command| msg!("file-unread.tensors", name = name, command = command),
    },
    Format {
        name: "SQLite", // not a text
        mark: (0, b"SQLite format 3\0"),
        command: "",
        told: |name, _| msg!("file-unread.save", name = name),
    },
    Format { name: "tar", mark: (257, b"ustar"), command: "", told: |_, _| msg!("file-unread.tar") },
    packed("gzip", b"\x1f\x8b"),
    packed("Zstandard", b"\x28\xb5\x2f\xfd"), // not a text
    packed("xz", b"\xfd7zXZ\0"),
    packed("bzip2", b"BZh"),
    packed("7-Zip", b"7z\xbc\xaf\x27\x1c"), // not a text
];

const fn packed(name: &'static str, mark: &'static [u8]) -> Format {
    Format { name, mark: (0, mark), command: "", told: |name, _| msg!("file-unread.packed", name = name) }
}

/// What is said of a file that begins with `head`, if its format is one of these.
pub(super) fn refusal(head: &[u8]) -> Option<Problem> {
    let has_mark =
        |format: &&Format| head.get(format.mark.0..).is_some_and(|rest| rest.starts_with(format.mark.1));
    let Format { name, command, told, .. } = FORMATS.iter().find(has_mark)?;
    Some(Problem::Unsupported(told(name, command)))
}

/// What is said of a folder that is an array in itself.
pub(super) fn folder_refusal(folder: &Path) -> Option<Problem> {
    let is_zarr = [".zarray", ".zgroup", "zarr.json"].iter().any(|name| folder.join(name).is_file());
    is_zarr.then(|| Problem::Unsupported(msg!("file-unread.zarr", command = ZARR)))
}
