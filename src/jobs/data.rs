//! Opening files and built-in sources as one corpus.

use std::path::PathBuf;
use std::sync::Arc;

use crate::audio::{Audio, ChannelChoice, Intake};
use crate::features::{self, ExtractParams, FeatureSet, article_example, demo::DEMO_CLIPS};
use crate::io::{self, Cleaning, LoadedModel, Need, Opened, ReadAs, TimeAxis};
use crate::rvq::RvqParams;
use crate::task::Task;

use super::feature_files::FeatureFiles;
use super::tokens::CodesFiles;
use super::{JobCtx, JobError, JobEvent, OpenedCodes};

/// A source that needs no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Builtin {
    /// One to two minutes of speech in several voices.
    Demo,
    /// 1000 vectors of dimension 30, uniform in [0, 1).
    Article,
}

/// Where frames come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Source {
    /// Files and folders, in this order.
    Files(Vec<PathBuf>),
    /// A built-in source.
    Builtin(Builtin),
}

/// How files are made into frames.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSpec {
    /// The extractor and its parameters, for audio.
    pub extract: ExtractParams,
    /// Which channel of audio is used.
    pub channel: ChannelChoice,
    /// Which axis of features is time; `None` for the guess.
    pub time_axis: Option<TimeAxis>,
    /// Frames a second of bare features and of codes.
    pub frame_rate_hz: Option<f64>,
    /// `K` of codes that come without their codebooks; `None` for what their largest one tells.
    pub codebook_size: Option<usize>,
    /// Which quantizer of a model file is meant where it holds several: what stands in front of its tensor names.
    pub quantizer: Option<String>,
    /// What the files are, where the user says so.
    pub read_as: Option<ReadAs>,
    /// What can be used of them in the place where they are asked for.
    pub need: Need,
    /// What is to be taken out of codes, and undone in them.
    pub cleaning: Cleaning,
    /// Dimensions of a frame of bare float32 numbers.
    pub dim: Option<usize>,
    /// Leave out frames that are not finite, which are refused otherwise.
    pub drop_nonfinite: bool,
}

/// What to open.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenSpec {
    /// Where from.
    pub source: Source,
    /// How.
    pub data: DataSpec,
}

/// A clip's samples as the extractor saw them.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioClip {
    /// The file's name.
    pub name: String,
    /// One channel, at `sample_rate_hz`.
    pub samples: Vec<f32>,
    /// Samples a second.
    pub sample_rate_hz: u32,
}

/// A corpus with what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Where it came from.
    pub source: Source,
    /// The frames.
    pub set: Arc<FeatureSet>,
    /// The audio they were made of; empty for features.
    pub audio: Vec<AudioClip>,
    /// Which axis was time, and why, where files left that open.
    pub time_axis: Option<(TimeAxis, String)>,
    /// What it is, in a few words: "12 audio files, log-mel".
    pub summary: String,
}

/// What files held: a corpus or codes alone, a model, or both.
#[derive(Debug, Default)]
pub struct OpenedFiles {
    /// The corpus.
    pub dataset: Option<Arc<Dataset>>,
    /// The model and its path.
    pub model: Option<(PathBuf, Arc<LoadedModel>)>,
    /// Codes without their frames.
    pub codes: Option<Arc<OpenedCodes>>,
}

impl Default for DataSpec {
    fn default() -> Self {
        Self {
            extract: ExtractParams::default(),
            channel: ChannelChoice::Mix,
            time_axis: None,
            frame_rate_hz: None,
            codebook_size: None,
            quantizer: None,
            read_as: None,
            need: Need::Anything,
            cleaning: Cleaning::default(),
            dim: None,
            drop_nonfinite: false,
        }
    }
}

impl DataSpec {
    /// What is wanted of each file.
    fn wanted(&self, intake: Intake) -> io::Wanted<'_> {
        io::Wanted {
            intake,
            quantizer: self.quantizer.as_deref(),
            read_as: self.read_as,
            need: self.need,
            time_axis: self.time_axis,
            codebook_sizes: self.codebook_size.as_slice(),
            cleaning: Some(&self.cleaning),
            dim: self.dim,
            ..io::Wanted::default()
        }
    }
}

impl Builtin {
    /// What it is trained with where nothing else is asked for: the demo has too few frames for 1024 codes, the example is one batch.
    #[must_use]
    pub fn preset(self) -> RvqParams {
        match self {
            Self::Demo => RvqParams {
                codebook_size: 256,
                kmeans_iters: 20,
                batch_size: 2048,
                steps: 2000,
                ..RvqParams::default()
            },
            Self::Article => RvqParams { batch_size: 1000, ..RvqParams::default() },
        }
    }

    /// The share of its frames that is held out: the demo is short, and figures need 10 frames a code.
    #[must_use]
    pub fn holdout(self) -> f64 {
        match self {
            Self::Demo => 0.32,
            Self::Article => 0.1,
        }
    }

    /// Its name.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Demo => "Demo: speech in several voices",
            Self::Article => "Example: 1000 uniform vectors of dimension 30",
        }
    }
}

impl Source {
    /// The files, or the built-in source's name, as text.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        match self {
            Self::Files(paths) => paths.iter().map(|p| p.display().to_string()).collect(),
            Self::Builtin(builtin) => vec![builtin.label().to_owned()],
        }
    }

    /// A short name: a file's own, how many files, or the built-in source's.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Files(paths) => match paths.as_slice() {
                [one] => one.file_name().unwrap_or(one.as_os_str()).to_string_lossy().into_owned(),
                [] => "no file".to_owned(),
                [first, rest @ ..] => {
                    let first = first.file_name().unwrap_or(first.as_os_str()).to_string_lossy().into_owned();
                    format!("{first} and {} more", rest.len())
                }
            },
            Self::Builtin(builtin) => builtin.label().to_owned(),
        }
    }
}

/// Opens everything that `spec` names.
///
/// # Errors
/// A file cannot be read, files of different kinds do not make one corpus, or there is more than one model.
pub fn open(spec: &OpenSpec, ctx: &JobCtx<'_>) -> Result<OpenedFiles, JobError> {
    ctx.compute(|task| match &spec.source {
        Source::Builtin(Builtin::Article) => {
            let dataset = Dataset {
                source: spec.source.clone(),
                set: Arc::new(article_example(0)),
                audio: Vec::new(),
                time_axis: None,
                summary: "uniform in [0, 1)".to_owned(),
            };
            Ok(OpenedFiles { dataset: Some(Arc::new(dataset)), ..OpenedFiles::default() })
        }
        Source::Builtin(Builtin::Demo) => {
            let mut audio = AudioFiles::new(spec);
            for (name, bytes) in DEMO_CLIPS {
                audio.push(name, io::wav::read_bytes(name, bytes)?, spec.data.channel, task)?;
            }
            let dataset = audio.finish(task)?;
            Ok(OpenedFiles { dataset: Some(Arc::new(dataset)), ..OpenedFiles::default() })
        }
        Source::Files(paths) => open_files(spec, paths, ctx, task),
    })?
}

fn open_files(
    spec: &OpenSpec,
    paths: &[PathBuf],
    ctx: &JobCtx<'_>,
    task: &Task<'_>,
) -> Result<OpenedFiles, JobError> {
    let files = io::expand(paths, task)?;
    if files.is_empty() {
        return Err(JobError::Input("there is no file to open".to_owned()));
    }
    let mut audio = AudioFiles::new(spec);
    let (mut features, mut codes, mut model) = (FeatureFiles::default(), CodesFiles::default(), None);
    for (done, path) in files.iter().enumerate() {
        task.check()?;
        task.progress("reading", done, files.len());
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let num_layers =
            model.as_ref().map(|(_, model): &(PathBuf, Arc<LoadedModel>)| model.rvq.num_layers());
        let wanted = io::Wanted { num_layers, ..spec.data.wanted(audio.intake()) };
        match io::open_as(path, wanted, task)? {
            Opened::Audio(clip) => {
                for finding in &clip.findings {
                    (ctx.emit)(JobEvent::Notice(format!("{finding}: {}", path.display())));
                }
                // The channel was chosen while it was read.
                audio.push(&name, clip, ChannelChoice::Mix, task)?;
            }
            Opened::Features(raw) => features.push(spec, path, &name, raw)?,
            Opened::Model(loaded) => {
                if let Some((other, _)) = model.replace((path.clone(), Arc::new(loaded))) {
                    let both =
                        format!("two models were given, but only one can be looked at: {}", other.display());
                    return Err(JobError::Input(format!("{both} and {}", path.display())));
                }
            }
            Opened::Codes(raw) => codes.push(&name, raw)?,
        }
    }
    let kinds = [(audio.clips.len(), "audio"), (features.count, "features"), (codes.count(), "codes")];
    let found: Vec<_> = kinds.iter().filter(|(count, _)| *count > 0).collect();
    if let [(a_count, a), (b_count, b), ..] = found.as_slice() {
        return Err(JobError::Input(format!(
            "{a} ({a_count}) and {b} ({b_count}) do not make one corpus: open one kind at a time"
        )));
    }
    let dataset = match (audio.clips.is_empty(), features.count == 0) {
        (false, _) => Some(Arc::new(audio.finish(task)?)),
        (true, false) => Some(Arc::new(features.finish(spec, ctx, task)?)),
        (true, true) => None,
    };
    let codes = match codes.count() {
        0 => None,
        _ => Some(Arc::new(codes.finish(spec, model.as_ref().map(|(_, model)| model.as_ref()))?)),
    };
    Ok(OpenedFiles { dataset, model, codes })
}

/// Audio files, each down to the one channel that extractors see: no more than that of any of them is kept.
struct AudioFiles<'a> {
    spec: &'a OpenSpec,
    clips: Vec<AudioClip>,
}

impl<'a> AudioFiles<'a> {
    fn new(spec: &'a OpenSpec) -> Self {
        Self { spec, clips: Vec::new() }
    }

    /// What is kept of each file while it is read.
    fn intake(&self) -> Intake {
        let DataSpec { channel, extract, .. } = &self.spec.data;
        Intake::Mono { channel: *channel, sample_rate_hz: extract.sample_rate_hz }
    }

    fn push(
        &mut self,
        name: &str,
        audio: Audio,
        channel: ChannelChoice,
        task: &Task<'_>,
    ) -> Result<(), JobError> {
        let params = &self.spec.data.extract;
        params.validate()?;
        let samples = features::prepare(audio, channel, params, task)
            .map_err(|problem| extract_error(problem, name))?;
        self.clips.push(AudioClip { name: name.to_owned(), samples, sample_rate_hz: params.sample_rate_hz });
        Ok(())
    }

    fn finish(self, task: &Task<'_>) -> Result<Dataset, JobError> {
        let Self { spec, clips } = self;
        let params = &spec.data.extract;
        let extractor = params.extractor()?;
        let mut parts = Vec::with_capacity(clips.len());
        for (done, clip) in clips.iter().enumerate() {
            let AudioClip { name, samples, .. } = clip;
            task.check()?;
            task.progress(format!("{}, {name}", extractor.label()), done, clips.len());
            let frames =
                extractor.extract(samples, params, task).map_err(|problem| extract_error(problem, name))?;
            parts.push((name.clone(), frames));
        }
        let set = FeatureSet::join(&parts, Some(extractor.frame_rate_hz(params)))
            .map_err(|problem| JobError::Features { problem, path: spec.source.paths().join(", ") })?;
        let summary = format!("{} of audio, {}", count(clips.len(), "clip"), extractor.label());
        Ok(Dataset {
            source: spec.source.clone(),
            set: Arc::new(set),
            audio: clips,
            time_axis: None,
            summary,
        })
    }
}

fn extract_error(problem: features::ExtractError, path: &str) -> JobError {
    match problem {
        features::ExtractError::Cancelled(cancelled) => JobError::Cancelled(cancelled),
        problem => JobError::Extract { problem, path: path.to_owned() },
    }
}

/// So many of something: "1 file", "3 files".
pub(super) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
