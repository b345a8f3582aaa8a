//! Opening a corpus as one of several ranks: its share of the files, or of the rows of few large ones, and never the whole.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::audio::Intake;
use crate::features::{Clip, FeatureMatrix, FeatureSet, article_example, demo::DEMO_CLIPS};
use crate::io::{self, Opened, RawFeatures, RawValues, TimeAxis};
use crate::ranks::{self, Ranks};
use crate::task::Task;
use crate::text::{Message, Phrase, msg, phrase};

use super::super::data::demo;
use super::super::feature_files::FeatureFiles;
use super::super::{Builtin, Dataset, JobCtx, JobError, OpenSpec, Source};
use super::agree_on;
use super::shares::by_size;

/// A corpus of which each rank has a share.
#[derive(Debug, Clone)]
pub struct SharedData {
    /// Who has the others.
    pub ranks: Arc<dyn Ranks>,
    /// The frames of this rank. Its clips are not those of the corpus.
    pub own: Arc<FeatureSet>,
    /// The number of its first frame in the corpus.
    pub first: usize,
    /// The clips of the whole corpus.
    pub clips: Vec<Clip>,
    /// Frames a second, where known.
    pub frame_rate_hz: Option<f64>,
    /// Where the whole corpus comes from.
    pub source: Source,
    /// Which axis of this rank's files was time, and why, where they left that open.
    pub time_axis: Option<(TimeAxis, Message)>,
}

/// The frames that a rank has opened.
struct Opening {
    dataset: Dataset,
    /// Its first frame and all clips, where it has seen to that already.
    place: Option<(usize, Vec<Clip>)>,
}

/// What a rank tells the others of its frames.
#[derive(Serialize, Deserialize)]
struct Told {
    dim: usize,
    clips: Vec<(String, usize)>,
    frame_rate_hz: Option<f64>,
}

impl SharedData {
    /// Frames of all ranks.
    #[must_use]
    pub fn num_frames(&self) -> usize {
        self.clips.last().map_or(0, |clip| clip.frames.end)
    }
}

/// Opens this rank's share of what `spec` names.
///
/// Where there are as many files as ranks, each opens files that are neighbours in the list, about as many bytes each. Where there are fewer, they
/// must be arrays that are read from disk as they lie there, and each rank looks at its rows. Every rank must see the same files.
///
/// # Errors
/// As for [`open`](super::super::open), of any rank; or the files are too few and cannot be shared out by rows.
pub fn open_shared(spec: &OpenSpec, ranks: Arc<dyn Ranks>, ctx: &JobCtx<'_>) -> Result<SharedData, JobError> {
    let opened = agree_on(&*ranks, ctx.compute(|task| own_share(spec, &*ranks, ctx, task)).flatten())?;
    let Opening { dataset, place } = opened;
    let Dataset { set, time_axis, .. } = dataset;
    let own = Told {
        dim: set.matrix.dim(),
        clips: set.clips.iter().map(|clip| (clip.name.clone(), clip.frames.len())).collect(),
        frame_rate_hz: set.frame_rate_hz,
    };
    let (told_first, told_clips, frame_rate_hz) = agree_on(&*ranks, joined(&own, &*ranks))?;
    let (first, clips) = place.unwrap_or((told_first, told_clips));
    Ok(SharedData { ranks, own: set, first, clips, frame_rate_hz, source: spec.source.clone(), time_axis })
}

/// The first frame of this rank, the clips of all, and the frame rate.
fn joined(own: &Told, ranks: &dyn Ranks) -> Result<(usize, Vec<Clip>, Option<f64>), JobError> {
    let bytes = serde_json::to_vec(own).map_err(|err| JobError::Input(Message::verbatim(err.to_string())))?;
    let mut clips = Vec::new();
    let (mut first, mut next, mut rate) = (0, 0, None);
    for (rank, bytes) in ranks.gather(&bytes).map_err(crate::task::Cancelled::from)?.iter().enumerate() {
        let told: Told = serde_json::from_slice(bytes)
            .map_err(|err| JobError::Input(Message::verbatim(err.to_string())))?;
        if told.dim != own.dim {
            let (dim, own_rank, own_dim) = (told.dim, ranks.rank(), own.dim);
            let words = msg!("ranks-differ", rank = rank, dim = dim, own_rank = own_rank, own_dim = own_dim);
            return Err(JobError::Input(words));
        }
        if rank == ranks.rank() {
            first = next;
        }
        for (name, len) in told.clips {
            clips.push(Clip { name, frames: next..next + len });
            next += len;
        }
        rate = rate.or(told.frame_rate_hz);
    }
    Ok((first, clips, rate))
}

fn own_share(
    spec: &OpenSpec,
    ranks: &dyn Ranks,
    ctx: &JobCtx<'_>,
    task: &Task<'_>,
) -> Result<Opening, JobError> {
    let num_ranks = ranks.size();
    let of_sizes = |sizes: &[u64]| by_size(sizes, num_ranks).into_iter().nth(ranks.rank()).unwrap_or(0..0);
    match &spec.source {
        Source::Builtin(Builtin::Article) => example(spec, ranks),
        Source::Builtin(Builtin::Demo) => {
            check_enough(DEMO_CLIPS.len(), num_ranks, phrase!("ranks-clips-of-demo"))?;
            let sizes: Vec<u64> = DEMO_CLIPS.iter().map(|(_, bytes)| bytes.len() as u64).collect();
            let dataset = demo(spec, &DEMO_CLIPS[of_sizes(&sizes)], task)?;
            Ok(Opening { dataset, place: None })
        }
        Source::Files(paths) => {
            let files = io::expand(paths, task)?;
            if files.is_empty() {
                return Err(JobError::Input(msg!("job-no-file")));
            }
            if files.len() < num_ranks {
                return rows_of(spec, &files, ranks, ctx, task);
            }
            let sizes = files.iter().map(|path| path.metadata().map_or(0, |about| about.len()));
            let own = files[of_sizes(&sizes.collect::<Vec<_>>())].to_vec();
            open_own(spec, own, ctx)
        }
    }
}

fn check_enough(count: usize, num_ranks: usize, what: Phrase) -> Result<(), JobError> {
    if count >= num_ranks {
        return Ok(());
    }
    Err(JobError::Input(msg!("ranks-too-many", count = count, what = what, ranks = num_ranks)))
}

/// Opens whole files.
fn open_own(spec: &OpenSpec, files: Vec<PathBuf>, ctx: &JobCtx<'_>) -> Result<Opening, JobError> {
    let names = files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let spec = OpenSpec { source: Source::Files(files), data: spec.data.clone() };
    let opened = super::super::open(&spec, ctx)?;
    match opened.dataset {
        Some(dataset) if opened.codes.is_none() && opened.model.is_none() => {
            Ok(Opening { dataset: Arc::unwrap_or_clone(dataset), place: None })
        }
        _ => Err(JobError::Input(msg!("ranks-other-kind", names = names))),
    }
}

/// The rows of fewer files than ranks that fall to this one, which are mapped and not read.
fn rows_of(
    spec: &OpenSpec,
    files: &[PathBuf],
    ranks: &dyn Ranks,
    ctx: &JobCtx<'_>,
    task: &Task<'_>,
) -> Result<Opening, JobError> {
    let mut arrays = Vec::new();
    for path in files {
        let wanted = spec.data.wanted(path, Intake::Whole);
        let raw = match io::open_as(path, wanted, task)? {
            Opened::Features(raw) => raw,
            _ => return Err(cannot_share(files.len(), ranks.size(), path)),
        };
        let axis = spec.data.time_axis.unwrap_or(raw.time_axis);
        if !matches!(raw.values, RawValues::Mapped(_)) || axis != TimeAxis::Rows || spec.data.drop_nonfinite {
            return Err(cannot_share(files.len(), ranks.size(), path));
        }
        arrays.push((path, raw));
    }
    let mut clips = Vec::new();
    let mut total = 0;
    for (path, raw) in &arrays {
        let whole = vec![(name_of(path), raw.values.view().nrows())];
        for (name, len) in if raw.clips.is_empty() { &whole } else { &raw.clips } {
            clips.push(Clip { name: name.clone(), frames: total..total + len });
            total += len;
        }
    }
    check_enough(total, ranks.size(), phrase!("ranks-frames"))?;
    let own = ranks::part(total, ranks.rank(), ranks.size());
    let (mut features, mut before) = (FeatureFiles::default(), 0);
    for (path, raw) in arrays {
        let RawValues::Mapped(rows) = &raw.values else { continue };
        let len = rows.view().nrows();
        let part =
            own.start.clamp(before, before + len) - before..own.end.clamp(before, before + len) - before;
        before += len;
        if !part.is_empty() {
            let values = RawValues::Mapped(rows.part(part));
            features.push(spec, path, &name_of(path), RawFeatures { values, clips: Vec::new(), ..raw })?;
        }
    }
    let dataset = features.finish(spec, ctx, task)?;
    Ok(Opening { dataset, place: Some((own.start, clips)) })
}

fn name_of(path: &std::path::Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn cannot_share(num_files: usize, num_ranks: usize, path: &std::path::Path) -> JobError {
    let path = path.display().to_string();
    JobError::Input(msg!("ranks-cannot-share", files = num_files, ranks = num_ranks, path = path))
}

/// Rows of the built-in example, which is small.
fn example(spec: &OpenSpec, ranks: &dyn Ranks) -> Result<Opening, JobError> {
    let whole = article_example(0);
    let total = whole.matrix.num_frames();
    check_enough(total, ranks.size(), phrase!("ranks-frames-of-example"))?;
    let own = ranks::part(total, ranks.rank(), ranks.size());
    let values = whole.matrix.view().slice(ndarray::s![own.clone(), ..]).to_owned();
    let matrix = FeatureMatrix::new(values)
        .map_err(|problem| JobError::Features { problem, path: spec.source.title() })?;
    let set = Arc::new(FeatureSet::single("part of the example", matrix, None)); // not a text: nobody sees it
    let dataset = Dataset {
        source: spec.source.clone(),
        set,
        audio: Vec::new(),
        time_axis: None,
        summary: Phrase::NONE.into(),
    };
    Ok(Opening { dataset, place: Some((own.start, whole.clips)) })
}
