//! What any writer writes is read back as what it was, wherever it is asked for: models, and codes with their model and without.

use ndarray::Axis;
use proptest::prelude::*;
use rvqscope::io::{CODES_ENDINGS, CodesHeader, ModelTarget, Need, ReadAs, WRITERS, Wanted};
use rvqscope::jobs::{self, DecodeSpec, JobCtx, JobEvent};

use super::*;

/// Numbers from a small generator of its own.
fn numbers(seed: u64) -> impl FnMut() -> u32 {
    let mut state = seed | 1;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    }
}

/// A quantizer whose rows and state every type of f32 and up holds to the bit.
fn quantizer(layers: usize, codes: usize, dim: usize, seed: u64) -> Rvq {
    let mut next = numbers(seed);
    let layers = (0..layers).map(|_| {
        let rows = Array2::from_shape_simple_fn((codes, dim), || (next() % 512) as f32 / 8.0 - 32.0);
        let sizes = Array1::from_shape_simple_fn(codes, || f64::from(next() % 64 + 2));
        let sums = rows.mapv(f64::from) * sizes.view().insert_axis(Axis(1));
        Codebook::new(rows, sizes, sums).unwrap().into()
    });
    Rvq::new(layers.collect()).unwrap()
}

fn open_wanted(path: &Path, wanted: Wanted<'_>) -> Opened {
    io::open_as(path, wanted, &Task::silent(&Cancel::default())).unwrap()
}

/// Layers and codes of a quantizer: of many layers each is small, so that a case does not take long.
fn sizes() -> impl Strategy<Value = (usize, usize)> {
    const MOST_ROWS: usize = 1 << 11;
    let codes = prop_oneof![2usize..=16, 17usize..=MOST_ROWS];
    (1usize..=64, codes).prop_map(|(layers, codes)| (layers, codes.min(MOST_ROWS / layers)))
}

/// Writes `rvq` with every writer, under the names of `family`, and holds what is read against it.
fn check_model(folder: &Path, rvq: &Rvq, family: &str) -> Result<(), TestCaseError> {
    for writer in WRITERS.iter().filter(|writer| family == "bare" || !writer.is_nameless()) {
        for ending in writer.extensions() {
            let path = folder.join(format!("{family}.{ending}"));
            let target = ModelTarget { family: Some(family.to_owned()), dtype: None };
            io::write_model_as(&path, rvq, None, &BTreeMap::new(), &target).unwrap();
            let named = Wanted { read_as: Some(ReadAs::Model), ..Wanted::default() };
            let needed = Wanted { need: Need::Model, ..Wanted::default() };
            // Only an array without a name, of one layer, could be anything where nothing is said of it.
            let is_open = writer.is_nameless() && rvq.num_layers() == 1;
            let anything = (!is_open).then(Wanted::default);
            for wanted in [named, needed].into_iter().chain(anything) {
                let read = super::model(open_wanted(&path, wanted));
                prop_assert_eq!(read.info.family.as_str(), family, "{}", ending);
                prop_assert_eq!(read.rvq.num_layers(), rvq.num_layers(), "{}", ending);
                for (read, written) in read.rvq.layers().iter().zip(rvq.layers()) {
                    prop_assert_eq!(read.codebook.embed(), written.codebook.embed(), "{}", ending);
                    // A bare array has no place for a state.
                    prop_assert!(family == "bare" || read == written, "{}", ending);
                }
            }
        }
    }
    Ok(())
}

/// Writes `codes` with every writer, and holds against them what is opened alone and what the model in `model` makes of them.
fn check_codes(folder: &Path, rvq: &Rvq, codes: &Array2<u32>, start: usize) -> Result<(), TestCaseError> {
    let expected = rvq.decode(codes.view(), start).unwrap();
    let (layers, frames) = codes.dim();
    let header = CodesHeader {
        codebook_sizes: rvq
            .layers()
            .iter()
            .skip(start)
            .take(layers)
            .map(|l| l.codebook.num_codes())
            .collect(),
        first_layer: start,
        frame_rate_hz: Some(50.0),
        clips: if frames > 1 { vec![("a".to_owned(), 1), ("b".to_owned(), frames - 1)] } else { Vec::new() },
    };
    for ending in CODES_ENDINGS {
        let path = folder.join(format!("codes.{ending}"));
        io::write_codes(&path, codes.view(), &header).unwrap();
        for read_as in [None, Some(ReadAs::Codes)] {
            let read = super::codes(open_wanted(&path, Wanted { read_as, ..Wanted::default() }));
            prop_assert_eq!(&read.values, codes, "{}", ending);
            prop_assert!(read.notices.is_empty(), "{}: {:?}", ending, read.notices);
        }
        let told = std::sync::Mutex::new(Vec::new());
        let emit = |event| {
            if let JobEvent::Notice(words) = event {
                told.lock().unwrap().push(words.english());
            }
        };
        let cancel = Cancel::default();
        let ctx = JobCtx { cancel: &cancel, emit: &emit, control: None, threads: 1, live: false };
        let spec = DecodeSpec {
            rvq: std::sync::Arc::new(rvq.clone()),
            codes: path,
            start: Some(start),
            time_axis: None,
            cleaning: io::Cleaning::default(),
            path: folder.join("frames.npy"),
        };
        jobs::decode_to_file(&spec, &ctx).unwrap();
        let frames: Array2<f32> = ndarray_npy::read_npy(&spec.path).unwrap();
        prop_assert_eq!(&frames, &expected, "{}", ending);
        prop_assert_eq!(told.into_inner().unwrap(), Vec::<String>::new(), "{}", ending);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn models_and_codes_come_back_from_every_writer(
        (layers, codes) in sizes(),
        dim in 1usize..=3,
        frames in prop_oneof![1usize..=8, 1usize..=100],
        cut in 0usize..64,
        seed in any::<u64>(),
    ) {
        let folder = TempDir::new().unwrap();
        let rvq = quantizer(layers, codes, dim, seed);
        check_model(folder.path(), &rvq, "encodec")?;
        check_model(folder.path(), &rvq, "bare")?;
        let mut next = numbers(seed ^ 0x5eed);
        let codes = Array2::from_shape_simple_fn((layers, frames), || next() % codes as u32);
        check_codes(folder.path(), &rvq, &codes, 0)?;
        // Some of the layers, as of a clip that was encoded with fewer.
        let start = cut % layers;
        let some = codes.slice(ndarray::s![start.., ..]).to_owned();
        check_codes(folder.path(), &rvq, &some, start)?;
    }
}

#[test]
fn the_largest_codebooks_come_back_as_well() {
    let folder = TempDir::new().unwrap();
    let rvq = quantizer(1, 65_536, 1, 7);
    check_model(folder.path(), &rvq, "bare").unwrap();
    let codes = Array2::from_shape_fn((1, 100), |(_, t)| 65_535 - 655 * t as u32);
    check_codes(folder.path(), &rvq, &codes, 0).unwrap();
}
