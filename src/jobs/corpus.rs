//! Joining the features of many files, in memory while they are few and in a file of our own when they are many.

use std::fs::File;
use std::io::{BufWriter, Write};

use ndarray::ArrayView2;

use crate::features::{Clip, FeatureError, FeatureMatrix, FeatureSet};
use crate::io::RawValues;
use crate::mapped::MappedRows;
use crate::task::Task;

use super::JobError;

/// Values that are kept in memory, in bytes; what goes beyond is spooled to a temporary file, which is mapped.
const MEMORY_BYTES: usize = 512 << 20;

/// A corpus that grows clip by clip.
#[derive(Debug, Default)]
pub(super) struct CorpusBuilder {
    clips: Vec<Clip>,
    dim: usize,
    frames: usize,
    values: Values,
}

#[derive(Debug)]
enum Values {
    /// Row by row.
    Memory(Vec<f32>),
    /// One file's own map, until a second one comes.
    Mapped(MappedRows),
    /// Row by row, in a file that has no name any more.
    Spooled(BufWriter<File>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Memory(Vec::new())
    }
}

impl CorpusBuilder {
    /// Adds a clip of `(num_frames, dim)`. One mapped file alone is not copied.
    pub(super) fn push(&mut self, name: &str, values: RawValues) -> Result<(), JobError> {
        let view = values.view();
        let (frames, dim) = view.dim();
        let problem = |problem| JobError::Features { problem, path: name.to_owned() };
        if frames == 0 || dim == 0 {
            return Err(problem(FeatureError::Empty { frames, dim }));
        }
        if self.frames > 0 && dim != self.dim {
            return Err(problem(FeatureError::Dim { name: name.to_owned(), dim, expected: self.dim }));
        }
        self.dim = dim;
        self.clips.push(Clip { name: name.to_owned(), frames: self.frames..self.frames + frames });
        let first = self.frames == 0;
        self.frames += frames;
        match values {
            RawValues::Mapped(mapped) if first => {
                self.values = Values::Mapped(mapped);
                Ok(())
            }
            values => self.append(values.view()),
        }
    }

    fn append(&mut self, rows: ArrayView2<'_, f32>) -> Result<(), JobError> {
        if let Values::Mapped(mapped) = &self.values {
            let mapped = mapped.clone();
            self.values = Values::default();
            self.append(mapped.view())?;
        }
        if let Values::Memory(values) = &mut self.values {
            if (values.len() + rows.len()) * size_of::<f32>() <= MEMORY_BYTES {
                values.extend(rows.iter());
                return Ok(());
            }
            let mut file = BufWriter::with_capacity(1 << 20, tempfile::tempfile().map_err(spool_error)?);
            for value in values.iter() {
                file.write_all(&value.to_ne_bytes()).map_err(spool_error)?;
            }
            self.values = Values::Spooled(file);
        }
        if let Values::Spooled(file) = &mut self.values {
            for value in rows {
                file.write_all(&value.to_ne_bytes()).map_err(spool_error)?;
            }
        }
        Ok(())
    }

    /// The corpus, all of it checked to be finite.
    pub(super) fn finish(
        self,
        frame_rate_hz: Option<f64>,
        title: &str,
        task: &Task<'_>,
    ) -> Result<FeatureSet, JobError> {
        let Self { clips, dim, frames, values } = self;
        let problem = |problem| match problem {
            FeatureError::Cancelled(cancelled) => JobError::Cancelled(cancelled),
            problem => JobError::Features { problem, path: title.to_owned() },
        };
        let mapped = match values {
            Values::Memory(values) => {
                let values = ndarray::Array2::from_shape_vec((frames, dim), values)
                    .map_err(|_| problem(FeatureError::Empty { frames, dim }))?;
                let matrix = FeatureMatrix::new(values).map_err(problem)?;
                return Ok(FeatureSet { matrix, clips, frame_rate_hz });
            }
            Values::Mapped(mapped) => mapped,
            Values::Spooled(file) => {
                let file = file.into_inner().map_err(|err| spool_error(err.into_error()))?;
                MappedRows::open(&file, 0, frames, dim).map_err(spool_error)?
            }
        };
        let matrix = FeatureMatrix::from_mapped(mapped, task).map_err(problem)?;
        Ok(FeatureSet { matrix, clips, frame_rate_hz })
    }
}

fn spool_error(err: std::io::Error) -> JobError {
    let folder = std::env::temp_dir();
    JobError::Input(format!(
        "the features do not fit in memory, and could not be kept in a temporary file ({err}): {}",
        folder.display()
    ))
}
