//! Well-known formats that are not read: which one a file is of, and the line of Python that turns it into one that is.

use std::path::Path;

use super::Problem;

/// One such format.
struct Format {
    /// What a person calls it.
    name: &'static str,
    /// Where its mark stands, and the mark.
    mark: (usize, &'static [u8]),
    /// What to do.
    way: &'static str,
}

const HDF5: &str = "python -c \"import h5py, numpy; numpy.savez('x.npz', **{k: v[()] for k, v in h5py.File('FILE').items() if hasattr(v, 'shape')})\" \
                    makes an .npz of its arrays";

const UNPACK: &str = "unpack it and open what is inside";

/// The formats, by their marks.
static FORMATS: &[Format] = &[
    Format {
        name: "Feather 1",
        mark: (0, b"FEA1"),
        way: "python -c \"import pandas; pandas.read_feather('FILE').to_parquet('x.parquet')\" makes a .parquet of it",
    },
    Format { name: "HDF5 (also Keras .h5 and MATLAB 7.3)", mark: (0, b"\x89HDF\r\n\x1a\n"), way: HDF5 },
    Format {
        name: "MATLAB 5",
        mark: (0, b"MATLAB 5.0 MAT-file"),
        way: "python -c \"import scipy.io, numpy; numpy.savez('x.npz', **{k: v for k, v in scipy.io.loadmat('FILE').items() if k[0] != '_'})\" makes an \
              .npz of its arrays",
    },
    Format {
        name: "TensorFlow Lite",
        mark: (4, b"TFL3"),
        way: "python -c \"import tensorflow as tf, numpy; i = tf.lite.Interpreter('FILE'); i.allocate_tensors(); numpy.savez('x.npz', **{d['name'].replace('/', \
              '.'): i.get_tensor(d['index']) for d in i.get_tensor_details()})\" makes an .npz of its tensors",
    },
    Format {
        name: "SQLite",
        mark: (0, b"SQLite format 3\0"),
        way: "save what it holds as arrays with numpy.savez",
    },
    Format { name: "a tar archive", mark: (257, b"ustar"), way: UNPACK },
    Format { name: "gzip", mark: (0, b"\x1f\x8b"), way: UNPACK },
    Format { name: "Zstandard", mark: (0, b"\x28\xb5\x2f\xfd"), way: UNPACK },
    Format { name: "xz", mark: (0, b"\xfd7zXZ\0"), way: UNPACK },
    Format { name: "bzip2", mark: (0, b"BZh"), way: UNPACK },
    Format { name: "7-Zip", mark: (0, b"7z\xbc\xaf\x27\x1c"), way: UNPACK },
];

/// What is said of a file that begins with `head`, if its format is one of these.
pub(super) fn refusal(head: &[u8]) -> Option<Problem> {
    let has_mark =
        |format: &&Format| head.get(format.mark.0..).is_some_and(|rest| rest.starts_with(format.mark.1));
    let Format { name, way, .. } = FORMATS.iter().find(has_mark)?;
    Some(Problem::Unsupported(format!("this file is {name}, which is not read; {way}").into()))
}

/// What is said of a folder that is an array in itself.
pub(super) fn folder_refusal(folder: &Path) -> Option<Problem> {
    let is_zarr = [".zarray", ".zgroup", "zarr.json"].iter().any(|name| folder.join(name).is_file());
    is_zarr.then(|| {
        let words = "this folder is a Zarr store, which is not read; python -c \"import zarr, numpy; numpy.save('x.npy', zarr.open('FOLDER')[:])\" makes an .npy \
                     of an array";
        Problem::Unsupported(words.to_owned().into())
    })
}
