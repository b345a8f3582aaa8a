//! Notices of the window's own.

use crate::session::{NoticeCommand, Severity};
use crate::text::Message;

/// A notice of this text.
#[must_use]
pub fn notice(severity: Severity, text: impl Into<Message>) -> NoticeCommand {
    NoticeCommand::Show(severity, text.into().text())
}
