//! Notices: sentences for the user, bounded, the same one counted up.

use super::command::NoticeCommand;
use super::severity::Severity;

/// A sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Tells notices apart.
    pub id: u64,
    /// How much it matters.
    pub severity: Severity,
    /// The sentence.
    pub text: String,
    /// How often it came.
    pub times: u32,
}

/// Notices that are kept.
const NOTICES_KEPT: usize = 100;

/// All of them, oldest first.
#[derive(Debug, Default)]
pub(super) struct Notices {
    list: Vec<Notice>,
    last_id: u64,
}

impl Notices {
    pub(super) fn apply(&mut self, command: NoticeCommand) {
        match command {
            NoticeCommand::Show(severity, text) => self.add(severity, text),
            NoticeCommand::Dismiss(id) => self.list.retain(|notice| notice.id != id),
            NoticeCommand::Clear => self.list.clear(),
        }
    }

    /// Adds a notice; one that is there already is counted up and comes to the end.
    pub(super) fn add(&mut self, severity: Severity, text: impl Into<String>) {
        let text = text.into();
        self.last_id += 1;
        let times = match self.list.iter().position(|notice| notice.text == text) {
            Some(index) => self.list.remove(index).times + 1,
            None => 1,
        };
        self.list.push(Notice { id: self.last_id, severity, text, times });
        if self.list.len() > NOTICES_KEPT {
            self.list.remove(0);
        }
    }

    pub(super) fn list(&self) -> &[Notice] {
        &self.list
    }
}
