//! Which panel is brought to the front when something new has come that most of the others cannot show.

use crate::session::Session;

/// What there was before news came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    had_codes: bool,
}

impl Before {
    /// What there is in `session` now.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        Self { had_codes: session.codes().is_some() }
    }

    /// The panel to bring to the front after it, if any: codes alone show best over time, and most of what usually lies in front needs more.
    #[must_use]
    pub fn panel_now(self, session: &Session) -> Option<&'static str> {
        (!self.had_codes && session.codes().is_some()).then_some("tokens")
    }
}
