//! Real checkpoints, where `RVQSCOPE_DATA` names a folder that has them: each is known for what it is, and computes what its class did.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod families_support;

use std::path::PathBuf;

use families_support::{Golden, check_golden};
use rvqscope::io::{self, Opened, Problem};
use rvqscope::rvq::LayerSpan;
use rvqscope::task::{Cancel, Task};

/// The family, the number of layers, `K` and `D`; or words of what it is instead.
type Wanted = Result<(&'static str, usize, usize, usize), &'static str>;

const TRAINED: Wanted = Ok(("encodec", 8, 256, 64));
const SOVITS: Wanted = Ok(("encodec", 1, 1024, 768));
const VQP: Wanted = Ok(("vector-quantize-pytorch", 4, 128, 64));
const BARE: Wanted = Ok(("bare", 8, 256, 64));

/// What every file of `checkpoints` is.
const FILES: &[(&str, Wanted)] = &[
    ("6-name2semantic-0.tsv", Err("codes")),
    ("KEYS.json", Err("none of the formats")),
    ("audiocraft_compression_state_dict.bin", TRAINED),
    ("audiocraft_pretrained_pointer.bin", Err("facebook/encodec_32khz")),
    ("bare_8x256x64.npy", BARE),
    ("bare_8x256x64_f16.npy", BARE),
    ("bare_8x256x64_fortran.npy", BARE),
    ("bare_tensor_8x256x64.pt", BARE),
    ("bf16.safetensors", TRAINED),
    ("cnhubert_like_0001.wav.pt", Err("features")),
    ("codebooks.npz", BARE),
    ("dac_small_weights.pth", Ok(("dac", 5, 128, 8))),
    ("ddp_module_prefix.pt", TRAINED),
    ("encodec_trained_8x256x64.safetensors", TRAINED),
    ("encodec_trained_8x256x64.th", TRAINED),
    ("f64.pt", TRAINED),
    ("fp16.safetensors", TRAINED),
    ("gptsovits_G_233333333333.pth", SOVITS),
    ("gptsovits_v2Pro_e8_s96.pth", SOVITS),
    ("gptsovits_v2_e8_s96.pth", SOVITS),
    ("gptsovits_v4_lora_no_quantizer.pth", Err("LoRA weights")),
    ("hf_encodec_small/config.json", Err("none of the formats")),
    ("hf_encodec_small/model.safetensors", Ok(("hf-encodec", 8, 256, 64))),
    ("hf_encodec_small/pytorch_model.bin", Ok(("hf-encodec", 8, 256, 64))),
    ("hf_mimi_small/config.json", Err("none of the formats")),
    ("hf_mimi_small/model.safetensors", Ok(("hf-mimi", 6, 128, 32))),
    ("list_of_tensors.pt", BARE),
    ("lyra_real_46x16x64_encodec_layout.safetensors", Ok(("encodec", 46, 16, 64))),
    ("plain_parameters.pt", BARE),
    ("speechtokenizer.pt", TRAINED),
    ("views_shared_storage.pt", TRAINED),
    ("vqp_residual_affine.pt", VQP),
    ("vqp_residual_euclid.pt", VQP),
    ("vqp_residual_implicit.pt", Err("implicit neural codebooks")),
    ("vqp_residual_learnable.pt", VQP),
    ("vqp_residual_shared.pt", VQP),
];

/// Each golden, its checkpoints, the share of codes that must be right, and how far reconstructions may be off, of the largest number.
const GOLDENS: &[(&str, &[&str], f64, f32)] = &[
    ("dac_small", &["dac_small_weights.pth"], 1.0, 1e-4),
    (
        "encodec_trained_8x256x64",
        &[
            "encodec_trained_8x256x64.safetensors",
            "encodec_trained_8x256x64.th",
            "audiocraft_compression_state_dict.bin",
            "ddp_module_prefix.pt",
            "f64.pt",
            "speechtokenizer.pt",
            "views_shared_storage.pt",
            "list_of_tensors.pt",
            "plain_parameters.pt",
            "codebooks.npz",
            "bare_8x256x64.npy",
            "bare_8x256x64_fortran.npy",
            "bare_tensor_8x256x64.pt",
        ],
        1.0,
        1e-4,
    ),
    ("gptsovits_v2", &["gptsovits_v2_e8_s96.pth"], 0.993, 1e-4),
    (
        "hf_encodec_small",
        &["hf_encodec_small/model.safetensors", "hf_encodec_small/pytorch_model.bin"],
        1.0,
        1e-4,
    ),
    ("lyra_real_46x16x64", &["lyra_real_46x16x64_encodec_layout.safetensors"], 1.0, 1e-4),
    ("vqp_residual_euclid", &["vqp_residual_euclid.pt"], 1.0, 1e-4),
    ("vqp_residual_learnable", &["vqp_residual_learnable.pt"], 1.0, 1e-4),
    ("vqp_residual_shared", &["vqp_residual_shared.pt"], 1.0, 1e-4),
    ("vqp_residual_affine", &["vqp_residual_affine.pt"], 0.993, 3e-3),
];

fn data() -> Option<PathBuf> {
    let data = std::env::var_os("RVQSCOPE_DATA").map(PathBuf::from);
    if data.is_none() {
        println!("skipped: RVQSCOPE_DATA is not set");
    }
    data
}

/// The file as it opens; `None` where its container has no reader.
fn open(path: &std::path::Path) -> Option<Result<Opened, io::FileError>> {
    let opened = io::open(path, &Task::silent(&Cancel::default()));
    let ending = path.extension().unwrap_or_default().to_string_lossy().into_owned();
    let has_reader = io::READERS.iter().any(|reader| reader.extensions().contains(&ending.as_str()));
    match opened {
        Err(err)
            if matches!(err.problem, Problem::UnknownFormat { .. }) && !has_reader && ending != "json" =>
        {
            None
        }
        opened => Some(opened),
    }
}

#[test]
fn every_checkpoint_is_known_for_what_it_is() {
    let Some(data) = data() else { return };
    let mut unread = Vec::new();
    for (name, wanted) in FILES {
        let Some(opened) = open(&data.join("checkpoints").join(name)) else {
            unread.push(*name);
            continue;
        };
        let found = match &opened {
            Ok(Opened::Model(model)) => {
                let (codes, dim) = model.rvq.layers()[0].codebook.embed().dim();
                Ok((model.info.family.as_str(), model.rvq.num_layers(), codes, dim))
            }
            Ok(Opened::Features(_)) => Err("features".to_owned()),
            Ok(Opened::Codes(_)) => Err("codes".to_owned()),
            Ok(Opened::Audio(_)) => Err("audio".to_owned()),
            Err(err) => Err(err.to_string()),
        };
        match (&found, wanted) {
            (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{name}"),
            (Err(found), Err(wanted)) => assert!(found.contains(wanted), "{name}: {found}"),
            _ => panic!("{name} is {found:?}, not {wanted:?}"),
        }
    }
    println!("no reader for: {unread:?}");
    // What the table leaves out is new and wants a row.
    let mut left_out = Vec::new();
    for folder in ["", "hf_encodec_small", "hf_mimi_small"] {
        for entry in std::fs::read_dir(data.join("checkpoints").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(data.join("checkpoints")).unwrap().to_string_lossy().into_owned();
            if path.is_file() && FILES.iter().all(|(known, _)| *known != name) {
                left_out.push(name);
            }
        }
    }
    assert_eq!(left_out, [""; 0]);
}

#[test]
fn real_checkpoints_compute_what_their_classes_did() {
    let Some(data) = data() else { return };
    for (golden, checkpoints, least, tolerance) in GOLDENS {
        let golden = Golden::read(&data.join("golden").join(format!("{golden}.golden.safetensors")));
        for name in *checkpoints {
            let Some(opened) = open(&data.join("checkpoints").join(name)) else { continue };
            let Opened::Model(model) = opened.unwrap() else { panic!("{name} is no model") };
            let right = check_golden(name, &model.rvq, &golden, *tolerance);
            println!("{name}: {:.4} % of the codes", right * 100.0);
            assert!(right >= *least, "{name}: {right} of the codes, not {least}");
        }
    }
    // Rounded rows of the same model: most codes are the same.
    let golden = Golden::read(&data.join("golden/encodec_trained_8x256x64.golden.safetensors"));
    for name in ["fp16.safetensors", "bf16.safetensors"] {
        let Some(Ok(Opened::Model(model))) = open(&data.join("checkpoints").join(name)) else { continue };
        let first = model.rvq.encode(golden.x.view(), LayerSpan { start: 0, end: Some(1) }).unwrap();
        let same = first.iter().zip(golden.codes.row(0)).filter(|(a, b)| a == b).count();
        println!("{name}: {same} of {} codes of the first layer", first.len());
        assert!(same as f64 >= 0.98 * first.len() as f64, "{name}: {same}");
    }
}
