//! What a file is wanted for: first what the user says, then the place where it is asked for, and only then the shape of its arrays.

use super::axis::TimeAxis;
use crate::audio::Intake;
use crate::io::ModelOptions;

/// What is to be taken out of codes, and undone in them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Cleaning {
    /// Ids that stand for no code.
    pub ignore: Vec<i32>,
    /// By how many frames each layer is late, to be made good; empty for what the codes themselves show.
    pub delay: Option<Vec<usize>>,
    /// How ids are shifted from layer to layer, to be undone.
    pub offsets: Option<Offsets>,
}

/// How ids were shifted; what is `None` is found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Offsets {
    /// From one layer's first id to the next layer's.
    pub step: Option<u32>,
    /// The first layer's first id.
    pub base: Option<u32>,
}

impl Offsets {
    /// Reads `auto`, `STEP` or `STEP,BASE`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "auto" {
            return Some(Self::default());
        }
        let (step, base) = text.split_once(',').map_or((text, None), |(step, base)| (step, Some(base)));
        let step = step.trim().parse().ok().filter(|&step| step > 0)?;
        let base = base.map(|base| base.trim().parse()).transpose().ok()?;
        Some(Self { step: Some(step), base })
    }
}

/// What a file is read as where the user says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReadAs {
    /// A quantizer.
    Model,
    /// Frames of real numbers.
    Features,
    /// Token ids.
    Codes,
}

/// What can be used in the place where a file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Need {
    /// Whatever it is.
    #[default]
    Anything,
    /// A quantizer.
    Model,
    /// Frames, or codes.
    Data,
    /// Frames.
    Frames,
    /// Codes.
    Codes,
}

/// What is wanted of a file that may hold more, or may be read in more than one way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// What is kept of audio, block by block as it is read.
    pub intake: Intake,
    /// Which quantizer is meant where there are several: what stands in front of its tensor names.
    pub quantizer: Option<&'a str>,
    /// Where a file may be a model whose shape alone is known: what the user says of it.
    pub model: Option<&'a ModelOptions>,
    /// What the user says that the file is.
    pub read_as: Option<ReadAs>,
    /// What can be used.
    pub need: Need,
    /// Which axis of features and codes is time; `None` for the guess.
    pub time_axis: Option<TimeAxis>,
    /// Layers of the quantizer that codes belong to, where it is known.
    pub num_layers: Option<usize>,
    /// `K` of each of its layers, or one for all; empty where it is not known.
    pub codebook_sizes: &'a [usize],
    /// What is to be taken out of codes, and undone in them.
    pub cleaning: Option<&'a Cleaning>,
    /// Dimensions of a frame, for files of bare float32 numbers.
    pub dim: Option<usize>,
}

impl ReadAs {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Model, Self::Features, Self::Codes];

    /// Its name on the command line and in files.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Features => "features",
            Self::Codes => "codes",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.id() == id)
    }
}

impl Wanted<'_> {
    /// Whether a quantizer is wanted and nothing else, so that an array of the shape of a codebook is one.
    #[must_use]
    pub fn wants_model(&self) -> bool {
        match self.read_as {
            Some(read_as) => read_as == ReadAs::Model,
            None => self.need == Need::Model,
        }
    }

    /// Whether codes are wanted and nothing else.
    #[must_use]
    pub fn wants_codes(&self) -> bool {
        match self.read_as {
            Some(read_as) => read_as == ReadAs::Codes,
            None => self.need == Need::Codes,
        }
    }

    /// Whether frames are wanted and nothing else.
    #[must_use]
    pub fn wants_frames(&self) -> bool {
        match self.read_as {
            Some(read_as) => read_as == ReadAs::Features,
            None => self.need == Need::Frames,
        }
    }

    /// Whether a quantizer, known by nothing but the shapes of its arrays, may be taken for one.
    #[must_use]
    pub fn may_be_bare_model(&self) -> bool {
        match self.read_as {
            Some(read_as) => read_as == ReadAs::Model,
            None => matches!(self.need, Need::Anything | Need::Model),
        }
    }
}
