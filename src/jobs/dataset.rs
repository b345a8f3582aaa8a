//! What is opened: sources, how their files are read, and the corpus, the codes and the model that they hold.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audio::{ChannelChoice, Intake};
use crate::features::{ExtractParams, FeatureSet};
use crate::io::{self, Cleaning, Need, ReadAs, TimeAxis};
use crate::rvq::RvqParams;
use crate::text::{Message, Phrase, msg, phrase};

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
    /// A model file among them, and what is said of it where it does not say it itself.
    pub model: Option<(PathBuf, io::ModelOptions)>,
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
    pub time_axis: Option<(TimeAxis, Message)>,
    /// What it is, in a few words: "12 audio files, log-mel".
    pub summary: Message,
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
            model: None,
            read_as: None,
            need: Need::Anything,
            cleaning: Cleaning::default(),
            dim: None,
            drop_nonfinite: false,
        }
    }
}

impl DataSpec {
    /// What is wanted of the file at `path`. Where options are said of it, it is a model.
    pub(super) fn wanted(&self, path: &Path, intake: Intake) -> io::Wanted<'_> {
        let model = self.model.as_ref().filter(|(of, _)| of == path).map(|(_, options)| options);
        io::Wanted {
            intake,
            model,
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

    /// Its name, in whatever language it is read.
    #[must_use]
    pub fn name(self) -> Phrase {
        match self {
            Self::Demo => phrase!("source-demo"),
            Self::Article => phrase!("source-example"),
        }
    }

    /// Its name, in the language of this thread.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.name().text()
    }
}

impl Source {
    /// The files, or the built-in source's name in English, as text: what runs and reports call it.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        match self {
            Self::Files(paths) => paths.iter().map(|p| p.display().to_string()).collect(),
            Self::Builtin(builtin) => vec![builtin.name().english().to_owned()],
        }
    }

    /// The files, or the built-in source's name, as they are shown in the language of this thread.
    #[must_use]
    pub fn shown(&self) -> Vec<String> {
        match self {
            Self::Files(_) => self.paths(),
            Self::Builtin(builtin) => vec![builtin.label().to_owned()],
        }
    }

    /// A short name: a file's own, how many files, or the built-in source's. In whatever language it is read.
    #[must_use]
    pub fn name(&self) -> Message {
        let own = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        match self {
            Self::Files(paths) => match paths.as_slice() {
                [one] => Message::verbatim(own(one)),
                [] => msg!("source-no-file"),
                [first, rest @ ..] => msg!("source-files", first = own(first), n = rest.len()),
            },
            Self::Builtin(builtin) => builtin.name().into(),
        }
    }

    /// The same in the language of this thread.
    #[must_use]
    pub fn title(&self) -> String {
        self.name().text()
    }
}
