//! Writing a report.

use std::path::PathBuf;
use std::sync::Arc;

use crate::report::{self, Report};
use crate::training::{History, Run, findings};

use super::JobError;

/// A report to be written.
#[derive(Debug, Clone)]
pub struct ReportSpec {
    /// The quantizer and its figures.
    pub run: Arc<Run>,
    /// Every step's scalars.
    pub history: Arc<History>,
    /// The folder, which is made where it is not there.
    pub dir: PathBuf,
}

/// Writes `report.html`, `metrics.json`, and CSV and SVG of every plot, and gives the folder.
///
/// # Errors
/// The folder cannot be made, or a file cannot be written.
pub fn write_report(spec: &ReportSpec) -> Result<PathBuf, JobError> {
    let ReportSpec { run, history, dir } = spec;
    report::write(dir, &Report::new(run, history, findings(run)))?;
    Ok(dir.clone())
}
