//! Every sample of features and of codes that people have, where they are at hand: opened as what it is, or refused with the right reason.

use rvqscope::io::{Cleaning, Need, Wanted};
use rvqscope::text::Message;

use super::*;

/// What a sample should come to.
enum Truth {
    /// Features whose first clip is the common one; how many frames there are in all.
    Frames(usize),
    /// Codes that begin with the common ones, in the layers that there are; layers and frames.
    Codes(usize, usize),
    /// Refused with these words.
    Refused(&'static str),
}

use Truth::{Codes, Frames, Refused};

const SAMPLES: &[(&str, Truth)] = &[
    ("feat_clip_per_array_a.npz", Frames(93)),
    ("feat_dict_of_clips_a.pt", Frames(93)),
    ("feat_list_of_dicts_a.pt", Frames(93)),
    ("feat_kaldi_a.ark", Frames(90)),
    ("feat_kaldi_a.scp", Frames(90)),
    ("feat_rawf32_a.bin", Frames(60)),
    ("feat_dict_a.pkl", Frames(60)),
    ("feat_a.parquet", Frames(69)),
    ("feat_hdf5_a.h5", Refused("HDF5")),
    ("feat_a.mat", Refused("MATLAB")),
    ("feat_webdataset_a.tar", Refused("tar")),
    ("codes_1d_a.npy", Codes(1, 60)),
    ("codes_a.json", Codes(4, 60)),
    ("codes_a.parquet", Codes(4, 69)),
    ("codes_batch_2_a.npy", Codes(4, 120)),
    ("codes_clip_per_array_a.npz", Codes(4, 80)),
    ("codes_dac_a.dac", Codes(4, 60)),
    ("codes_delay_pattern_a.npy", Codes(4, 60)),
    ("codes_dict_of_clips_a.pt", Codes(4, 80)),
    ("codes_encodec_a.ecdc", Codes(4, 60)),
    ("codes_fairseq_a.km", Codes(1, 80)),
    ("codes_fairseq_equal_lengths_a.km", Codes(1, 120)),
    ("codes_fairseq_one_line_a.km", Codes(1, 60)),
    ("codes_hf_encodec_output_a.pt", Codes(4, 60)),
    ("codes_manifest_a.jsonl", Codes(4, 120)),
    ("codes_padded_minus1_a.npy", Codes(4, 51)),
    ("codes_units_named_a.txt", Codes(1, 120)),
];

#[test]
fn samples_of_features_and_codes_open_as_what_they_are() {
    let Some(data) = std::env::var_os("RVQSCOPE_DATA").map(PathBuf::from) else {
        eprintln!("RVQSCOPE_DATA is not set: samples of features and codes were not opened");
        return;
    };
    let wild = data.join("../wild");
    if !wild.is_dir() {
        eprintln!("there are no samples beside RVQSCOPE_DATA");
        return;
    }
    let common = features(open(&wild.join("x_a.npy")).unwrap()).into_matrix(TimeAxis::Rows).unwrap();
    let all = codes(open(&wild.join("codes_a.json")).unwrap()).values;
    let cleaning = Cleaning { delay: Some(Vec::new()), ..Cleaning::default() };
    let mut wrong = Vec::new();
    for (name, truth) in SAMPLES {
        let wanted = Wanted {
            need: Need::Data,
            dim: name.contains("rawf32").then_some(64),
            cleaning: name.contains("delay").then_some(&cleaning),
            ..Wanted::default()
        };
        let opened = io::open_as(&wild.join(name), wanted, &Task::silent(&Cancel::default()));
        let (is_right, said) = match (truth, opened) {
            (Frames(frames), Ok(Opened::Features(read))) => {
                let (clips, axis) = (read.clips.len(), read.time_axis);
                let values = read.into_matrix(axis).unwrap();
                let same = values.slice(ndarray::s![..60, ..]) == common && values.nrows() == *frames;
                (same, format!("features, {} x {}, {clips} clips", values.nrows(), values.ncols()))
            }
            (Codes(layers, frames), Ok(Opened::Codes(read))) => {
                let len = read.clips.first().map_or(read.values.ncols(), |(_, len)| *len).min(60);
                let head = read.values.slice(ndarray::s![.., ..len]);
                let same = head == all.slice(ndarray::s![..*layers, ..len])
                    && read.values.dim() == (*layers, *frames);
                (
                    same,
                    format!(
                        "codes, {:?}, {} clips; {}",
                        read.values.dim(),
                        read.clips.len(),
                        read.notices.iter().map(Message::text).collect::<Vec<_>>().join("; ")
                    ),
                )
            }
            (Refused(words), Err(err)) => {
                let said = err.problem.to_string();
                (said.contains(words), said.chars().take(90).collect())
            }
            (_, Ok(other)) => (false, format!("{other:?}").chars().take(90).collect()),
            (_, Err(err)) => (false, err.to_string()),
        };
        println!("{:5} {name:36} {said}", if is_right { "ok" } else { "WRONG" });
        if !is_right {
            wrong.push(*name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
