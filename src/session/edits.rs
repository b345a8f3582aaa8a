//! What can be undone: edits of the parameters, the selection, the layout and the runs, in the order in which they were made.

use crate::rvq::RvqParams;
use crate::text::t;

use super::runs::RunsEdit;
use super::selection::Selection;

/// Edits that can be undone.
const UNDO_DEPTH: usize = 200;

/// One edit, with what was before and what is after it.
#[derive(Debug)]
pub(super) enum Edit {
    /// Of the parameters of the next training.
    Params { before: RvqParams, after: RvqParams },
    /// Of the selection.
    Selection { before: Selection, after: Selection },
    /// Of where the panels lie, as the window stores it.
    Layout { before: String, after: String },
    /// Of the runs.
    Runs(RunsEdit),
}

/// Edits that were made, and those that were undone, the last one last.
#[derive(Debug, Default)]
pub(super) struct Edits {
    done: Vec<Edit>,
    undone: Vec<Edit>,
}

impl Edits {
    /// Notes an edit that was made; what was undone before it cannot be redone any more.
    pub(super) fn push(&mut self, edit: Edit) {
        self.undone.clear();
        // A drag over frames is one edit and not a hundred.
        if let (Edit::Selection { after: newest, .. }, Some(Edit::Selection { after, .. })) =
            (&edit, self.done.last_mut())
            && (Selection { frames: None, ..*after }) == (Selection { frames: None, ..*newest })
        {
            *after = *newest;
            return;
        }
        self.done.push(edit);
        if self.done.len() > UNDO_DEPTH {
            self.done.remove(0);
        }
    }

    /// The edit that is to be undone, or redone; give it back with [`Edits::put_back`].
    pub(super) fn take(&mut self, backwards: bool) -> Option<Edit> {
        if backwards { self.done.pop() } else { self.undone.pop() }
    }

    /// An edit that was undone, or redone.
    pub(super) fn put_back(&mut self, edit: Edit, backwards: bool) {
        if backwards { self.undone.push(edit) } else { self.done.push(edit) }
    }

    /// What the next undo, or redo, is of.
    pub(super) fn next(&self, backwards: bool) -> Option<&'static str> {
        let edit = if backwards { self.done.last() } else { self.undone.last() };
        edit.map(|edit| match edit {
            Edit::Params { .. } => t!("session-edit-parameters"),
            Edit::Selection { .. } => t!("session-edit-selection"),
            Edit::Layout { .. } => t!("session-edit-layout"),
            Edit::Runs(RunsEdit::Label { .. }) => t!("session-edit-name"),
            Edit::Runs(RunsEdit::Delete { .. }) => t!("session-edit-delete"),
            Edit::Runs(RunsEdit::Repair { .. }) => t!("session-edit-repair"),
        })
    }
}
