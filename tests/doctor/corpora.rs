//! Trainings on real features: parts of those of a real quantizer, and log-mel of speech and music.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rvqscope::doctor::Severity;
use rvqscope::jobs::{self, DataSpec, Dataset, JobCtx, OpenSpec, Source};
use rvqscope::rvq::RvqParams;
use rvqscope::task::Cancel;

use super::{Case, params};

/// Fewer frames are known by heart by 16 codes in two layers, and the doctor says so.
const LEAST_FRAMES: usize = 700;

/// What rules that cannot replace codes bring on themselves.
const OF_FAULTY_RULES: [&str; 8] = [
    "collapse",
    "dead-codes",
    "dead-not-replaced",
    "near-duplicates",
    "out-of-reach",
    "replacement-overwritten",
    "replacement-snaps-back",
    "unused-codes",
];

fn opened(path: &Path) -> Option<Arc<Dataset>> {
    let spec = OpenSpec { source: Source::Files(vec![path.to_owned()]), data: DataSpec::default() };
    let ctx = JobCtx { cancel: &Cancel::default(), emit: &|_| {}, control: None, threads: 2, live: false };
    jobs::open(&spec, &ctx).ok()?.dataset
}

#[test]
fn trainings_on_real_corpora_raise_no_alarm() {
    let Some(root) = std::env::var_os("RVQSCOPE_DATA").map(PathBuf::from) else {
        println!("RVQSCOPE_DATA is not set: real corpora are left out");
        return;
    };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root.join("audio")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut corpora: Vec<(String, ndarray::Array2<f32>)> = Vec::new();
    let lyra = opened(&root.join("lyra/features.npy")).unwrap();
    let lyra = lyra.set.matrix.view();
    for part in 0..4 {
        let len = lyra.nrows() / 4;
        let frames = lyra.slice(ndarray::s![part * len..(part + 1) * len, ..]).to_owned();
        corpora.push((format!("lyra, part {part}"), frames));
    }
    for path in files.iter().filter(|path| path.is_file()) {
        if let Some(dataset) = opened(path).filter(|d| d.set.matrix.num_frames() >= LEAST_FRAMES) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            corpora.push((name, dataset.set.matrix.view().to_owned()));
        }
    }
    let (mut sound, mut looked): (usize, usize) = (0, 0);
    let (mut alarms, mut of_rules): (BTreeMap<&str, Vec<String>>, BTreeMap<&str, usize>) = Default::default();
    for (name, frames) in &corpora {
        for rule in ["rvqscope", "lucidrains", "moshi", "encodec", "gpt-sovits"] {
            let params = RvqParams {
                codebook_size: 16,
                batch_size: 256,
                steps: 160,
                threshold_ema_dead_code: if matches!(rule, "rvqscope" | "moshi") { 0.1 } else { 1.6 },
                ..params(rule, 3)
            };
            let case: Case = super::trained(frames.clone(), params);
            let is_faulty = matches!(rule, "encodec" | "gpt-sovits");
            looked += 1;
            sound += usize::from(!is_faulty);
            for finding in case.findings().into_iter().filter(|finding| finding.severity > Severity::Note) {
                if is_faulty && OF_FAULTY_RULES.contains(&finding.id) {
                    *of_rules.entry(finding.id).or_default() += 1;
                } else {
                    alarms.entry(finding.id).or_default().push(format!("{name}, {rule}: {}", finding.text));
                }
            }
        }
    }
    println!("{looked} trainings on {} real corpora, {sound} under rules that replace", corpora.len());
    println!("alarms: {alarms:#?}, and of what encodec and gpt-sovits do themselves: {of_rules:?}");
    assert!(sound >= 30, "{sound}");
    let all: usize = alarms.values().map(Vec::len).sum();
    assert!((all as f64) < 0.02 * looked as f64 + 1.0, "{alarms:#?}");
}

/// The quantizer in a file.
fn model_of(path: &Path) -> Arc<rvqscope::rvq::Rvq> {
    let cancel = Cancel::default();
    let task = rvqscope::task::Task::silent(&cancel);
    match rvqscope::io::open(path, &task).unwrap() {
        rvqscope::io::Opened::Model(model) => Arc::new(model.rvq),
        other => panic!("{}: {other:?}", path.display()),
    }
}

#[test]
fn real_quantizers_are_told_what_their_figures_mean() {
    let Some(root) = std::env::var_os("RVQSCOPE_DATA").map(PathBuf::from) else {
        println!("RVQSCOPE_DATA is not set: real quantizers are left out");
        return;
    };
    // One that works, with the features that it works on: nothing severe.
    let lyra = model_of(&root.join("checkpoints/lyra_real_46x16x64_encodec_layout.safetensors"));
    let frames = opened(&root.join("lyra/features.npy")).unwrap().set.matrix.view().to_owned();
    let found = super::evaluated(&lyra, frames).findings();
    println!("Lyra: {found:#?}");
    assert!(found.iter().all(|finding| finding.severity < Severity::Severe), "{found:#?}");
    // One whose sizes say "1002 of 1024 below 2": that is the batch and no collapse.
    let sovits = model_of(&root.join("checkpoints/gptsovits_v2_e8_s96.pth"));
    let run = rvqscope::training::Run::of_model("s2G.pth".to_owned(), sovits, None, 0);
    let found = rvqscope::doctor::diagnose(&rvqscope::doctor::Patient::of(&run));
    let told = found.iter().find(|finding| finding.id == "below-usual-threshold").unwrap();
    assert_eq!(told.severity, Severity::Note);
    for words in ["1002 of 1024", "That is no count of dead codes", "an even code has 1.00"] {
        assert!(told.text.english().contains(words), "no {words:?} in {}", told.text);
    }
    assert!(found.iter().all(|finding| !["collapse", "dead-codes", "unused-codes"].contains(&finding.id)));
}
