//! What playing is doing, apart from who makes the versions and who plays them: what is told comes in, what is to be done comes out.
//!
//! ```text
//!          ask                    the first version is there
//!   Idle -------> Making ---------------------------------------> Playing
//!    ^               |  ^------ the end, while others are made ------|  |
//!    |<- all made ---|                                                  |
//!    |<--------------------------- the end, once all are made ----------|
//! ```
//!
//! A version that was chosen before it was made is owed: it is heard as soon as it is there, at the same place where the sound still goes on, and
//! from the start where it has ended. Until then the source stands in for it.

/// What is heard, if anything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SoundState {
    /// Nothing, and nothing is being made.
    #[default]
    Idle,
    /// Nothing, but versions are being made.
    Making,
    /// A version; others may still be being made.
    Playing,
}

/// What is to be done with the player.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// Play this version from the start.
    Begin(usize),
    /// Go on with this version.
    Switch(usize),
}

/// What is still to come of what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Owed {
    #[default]
    Nothing,
    /// To be heard at all, in whatever version comes first.
    Sound,
    /// The chosen version.
    Chosen,
}

/// The state of playing.
#[derive(Debug, Default)]
pub(super) struct Transport {
    /// The version that was chosen: 0 for the source, else so many layers.
    chosen: usize,
    /// The version that is heard, where one is.
    heard: Option<usize>,
    is_making: bool,
    owed: Owed,
    /// Versions that are there, and those that there will be.
    made: usize,
    versions: usize,
}

impl Transport {
    pub(super) fn state(&self) -> SoundState {
        match (self.heard, self.is_making) {
            (Some(_), _) => SoundState::Playing,
            (None, true) => SoundState::Making,
            (None, false) => SoundState::Idle,
        }
    }

    pub(super) fn chosen(&self) -> usize {
        self.chosen
    }

    pub(super) fn heard(&self) -> Option<usize> {
        self.heard
    }

    /// Sound was asked for, of which `made` of `versions` versions are there; the others are made from now on.
    pub(super) fn ask(&mut self, made: usize, versions: usize) -> Option<Move> {
        *self =
            Self { is_making: made < versions, owed: Owed::Sound, chosen: self.chosen, ..Self::default() };
        self.arrive(made, versions)
    }

    /// So many versions are there by now, of those that there will be.
    pub(super) fn arrive(&mut self, made: usize, versions: usize) -> Option<Move> {
        (self.made, self.versions) = (made, versions);
        match self.owed {
            Owed::Sound if made > 0 => {
                self.owed = if self.is_there() { Owed::Nothing } else { Owed::Chosen };
                Some(self.hear(true))
            }
            Owed::Chosen if self.is_there() => {
                self.owed = Owed::Nothing;
                Some(self.hear(self.heard.is_none()))
            }
            _ => None,
        }
    }

    /// No more versions come: all are made, or no more can be.
    pub(super) fn finish(&mut self) {
        self.is_making = false;
        self.owed = Owed::Nothing;
    }

    /// A version was chosen.
    pub(super) fn choose(&mut self, version: usize) -> Option<Move> {
        self.chosen = version;
        if self.owed == Owed::Sound {
            return None;
        }
        let (is_on, is_there) = (self.state() != SoundState::Idle, self.is_there());
        self.owed = if is_on && !is_there { Owed::Chosen } else { Owed::Nothing };
        (self.heard.is_some() && is_there).then(|| self.hear(false))
    }

    /// The player has come to the end.
    pub(super) fn end(&mut self) {
        self.heard = None;
    }

    /// Nothing can be heard; what is being made goes on.
    pub(super) fn lose(&mut self) {
        self.heard = None;
        self.owed = Owed::Nothing;
    }

    /// The user wants no more of it.
    pub(super) fn stop(&mut self) {
        self.heard = None;
        self.finish();
    }

    /// The chosen version is heard or, where it is not there, the source.
    fn hear(&mut self, from_the_start: bool) -> Move {
        let version = if self.is_there() { self.wanted() } else { 0 };
        self.heard = Some(version);
        if from_the_start { Move::Begin(version) } else { Move::Switch(version) }
    }

    /// The version that is chosen, of those that there will be.
    fn wanted(&self) -> usize {
        self.chosen.min(self.versions.saturating_sub(1))
    }

    fn is_there(&self) -> bool {
        self.wanted() < self.made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Move::{Begin, Switch};
    use SoundState::{Idle, Making, Playing};

    #[test]
    fn the_source_begins_at_once_and_stands_in_for_the_version_that_was_chosen() {
        let mut transport = Transport::default();
        assert_eq!(transport.choose(2), None);
        assert_eq!((transport.ask(0, 4), transport.state()), (None, Making));
        assert_eq!((transport.arrive(1, 4), transport.state()), (Some(Begin(0)), Playing));
        assert_eq!(transport.arrive(2, 4), None, "another one than was chosen");
        assert_eq!(transport.arrive(3, 4), Some(Switch(2)));
        assert_eq!((transport.arrive(4, 4), transport.heard()), (None, Some(2)));
        transport.finish();
        assert_eq!(transport.choose(3), Some(Switch(3)));
        assert_eq!(transport.choose(99), Some(Switch(3)), "the last there is");
        transport.end();
        assert_eq!((transport.state(), transport.heard()), (Idle, None));
        assert_eq!(transport.choose(1), None, "it is chosen for the next time");
        assert_eq!(transport.ask(4, 4), Some(Begin(1)));
    }

    #[test]
    fn a_version_that_comes_after_the_end_is_played_where_it_was_asked_for() {
        let mut transport = Transport::default();
        transport.ask(0, 3);
        transport.arrive(1, 3);
        transport.end();
        assert_eq!(transport.state(), Making);
        assert_eq!(transport.arrive(2, 3), None, "the source was what was asked for");
        assert_eq!(transport.choose(2), None);
        assert_eq!((transport.arrive(3, 3), transport.state()), (Some(Begin(2)), Playing));
        transport.end();
        transport.finish();
        assert_eq!((transport.arrive(3, 3), transport.state()), (None, Idle), "and once");
    }

    #[test]
    fn a_stop_or_a_lost_player_owes_nothing() {
        for lost in [false, true] {
            let mut transport = Transport::default();
            transport.choose(1);
            transport.ask(0, 3);
            transport.arrive(1, 3);
            if lost {
                transport.lose();
            } else {
                transport.stop();
            }
            assert_eq!(transport.state(), if lost { Making } else { Idle });
            assert_eq!(transport.arrive(2, 3), None);
        }
    }

    #[test]
    fn what_is_chosen_while_nothing_is_there_begins_with_what_comes_first() {
        let mut transport = Transport::default();
        transport.ask(0, 3);
        assert_eq!((transport.choose(1), transport.choose(0)), (None, None));
        assert_eq!(transport.arrive(2, 3), Some(Begin(0)));
        assert_eq!((transport.choose(2), transport.heard()), (None, Some(0)), "it is not there yet");
        assert_eq!(transport.choose(1), Some(Switch(1)), "and no longer wanted");
        assert_eq!(transport.arrive(3, 3), None);
    }

    #[test]
    fn without_versions_the_source_is_all_there_is() {
        let mut transport = Transport::default();
        transport.choose(5);
        transport.ask(0, 6);
        // The frames have no way back.
        assert_eq!(transport.arrive(1, 1), Some(Begin(0)));
        transport.finish();
        assert_eq!(transport.choose(2), Some(Switch(0)));
        let mut failed = Transport::default();
        failed.ask(0, 3);
        failed.finish();
        assert_eq!((failed.state(), failed.arrive(0, 3)), (Idle, None));
    }
}
