//! Listening: what is selected is made audible in every version, and no sound server is a notice.

use std::path::Path;

use rvqscope::io::{self, Opened};
use rvqscope::session::{DataCommand, SaveCommand, SelectCommand, SoundCommand, SoundState, TrainCommand};
use rvqscope::sound::Server;
use rvqscope::task::{Cancel, Task};

use crate::Desk;

/// A second of a tone that rises, as a WAV file, opened; nothing listens at its sound server.
fn with_audio() -> Desk {
    let mut desk = Desk::new();
    let path = desk.path("tone.wav");
    let samples: Vec<f32> = (0..16_000).map(|n| (n as f32 * n as f32 * 2e-5).sin() * 0.4).collect();
    io::wav::write_f32(&path, &samples, 16_000).unwrap();
    desk.open(&path);
    desk.small(20);
    let nowhere = desk.path("no-such-socket");
    desk.session.set_sound_server(Server::At(nowhere));
    desk
}

fn wav(path: &Path) -> (usize, u32) {
    let cancel = Cancel::default();
    let Opened::Audio(audio) = io::open(path, &Task::silent(&cancel)).unwrap() else { panic!("no audio") };
    (audio.channels.iter().map(Vec::len).max().unwrap_or(0), audio.sample_rate_hz)
}

#[test]
fn without_a_server_a_stretch_is_made_audible_and_the_rest_is_a_notice() {
    let mut desk = with_audio();
    desk.apply(TrainCommand::Start);
    desk.wait("the training", |s| !s.is_busy());
    let layers = desk.session.view().unwrap().run.rvq.num_layers();
    let look = desk.session.sound().unwrap();
    assert_eq!((look.take, look.takes, look.made, look.state), (0, layers + 1, layers + 1, SoundState::Idle));
    desk.apply(SelectCommand::Frames(Some((10, 80))));
    desk.apply(SoundCommand::Take(2));
    desk.apply(SoundCommand::Loop(true));
    desk.apply(SoundCommand::Play);
    let look = desk.session.sound().unwrap();
    assert!(look.making.is_some() && look.looping, "{look:?}");
    assert_eq!((look.state, look.made, look.heard), (SoundState::Making, 0, None));
    assert_eq!((look.take, look.frames.clone()), (2, 10..80));
    desk.wait("the versions", |s| !s.is_busy());
    desk.wait("the refusal", |s| s.notices().iter().any(|notice| notice.text.contains("Nothing is heard")));
    assert!(!desk.session.is_playing());
    // The versions are there: what is asked for again is not made again.
    desk.apply(SoundCommand::Play);
    assert!(desk.session.sound().unwrap().making.is_none());
    assert!(desk.session.sound().unwrap().distance_db.unwrap() > 0.0);
}

#[test]
fn a_stop_gives_up_what_is_being_made() {
    let mut desk = with_audio();
    desk.apply(SoundCommand::Play);
    desk.apply(SoundCommand::Stop);
    assert!(desk.session.sound().unwrap().making.is_none() && !desk.session.is_busy());
    assert!(desk.session.notices().iter().all(|notice| !notice.text.contains("heard")));
}

#[test]
fn what_was_made_before_a_stop_is_there_when_it_is_asked_for_again() {
    let mut desk = with_audio();
    desk.apply(TrainCommand::Start);
    desk.wait("the training", |s| !s.is_busy());
    desk.apply(SoundCommand::Play);
    let look = |s: &rvqscope::session::Session| s.sound().unwrap();
    desk.wait("the source", |s| look(s).made > 0);
    let versions = look(&desk.session).takes;
    desk.apply(SoundCommand::Stop);
    let stopped = look(&desk.session);
    assert_eq!((stopped.state, stopped.made, stopped.making), (SoundState::Idle, versions, None));
    assert!(!desk.session.is_busy());
    desk.apply(SoundCommand::Play);
    let again = look(&desk.session);
    assert!(again.made > 0, "the source is there at once: {again:?}");
    desk.wait("the versions", |s| !s.is_busy());
    desk.wait("the refusal", |s| look(s).state == SoundState::Idle);
    // Another stretch is another sound.
    desk.apply(SelectCommand::Frames(Some((10, 70))));
    desk.apply(SoundCommand::Play);
    assert_eq!(look(&desk.session).made, 0);
    desk.apply(SoundCommand::Stop);
}

#[test]
fn the_selected_stretch_is_written_in_the_version_that_is_chosen() {
    let mut desk = with_audio();
    desk.apply(TrainCommand::Start);
    desk.wait("the training", |s| !s.is_busy());
    desk.apply(SelectCommand::Frames(Some((20, 80))));
    let mut written = Vec::new();
    for (take, name) in [(0, "source.wav"), (1, "one.wav"), (3, "three.wav")] {
        desk.apply(SoundCommand::Take(take));
        let path = desk.path(name);
        desk.apply(SaveCommand::Sound(path.clone()));
        desk.wait("the file", |s| !s.is_busy());
        assert_eq!(wav(&path), (60 * 160, 16_000), "{name}: {:?}", desk.problems());
        written.push(std::fs::read(path).unwrap());
    }
    assert!(written[0] != written[1] && written[1] != written[2]);
}

#[test]
fn what_is_heard_is_no_click_and_no_hour() {
    let mut desk = with_audio();
    // A single frame is heard with what lies around it, within the data.
    for (selected, heard) in [((50, 51), 25..75), ((0, 1), 0..50), ((95, 96), 50..100), ((10, 90), 10..90)] {
        desk.apply(SelectCommand::Frames(Some(selected)));
        let frames = desk.session.sound().unwrap().frames;
        let all = desk.session.dataset().unwrap().set.matrix.num_frames();
        assert!(frames.end <= all && frames.len() == heard.len(), "{selected:?}: {frames:?} of {all}");
        assert!(frames.start <= selected.0 && frames.end >= selected.1.min(all), "{selected:?}: {frames:?}");
    }
}

#[test]
fn features_of_a_file_have_no_sound() {
    let mut desk = Desk::with_article(20);
    assert_eq!(desk.session.sound(), None);
    desk.apply(SoundCommand::Play);
    assert!(desk.problems().iter().any(|text| text.contains("not made of audio")), "{:?}", desk.problems());
    desk.apply(SaveCommand::Sound(desk.path("x.wav")));
    assert!(!desk.path("x.wav").exists());
    // And what is closed is silent.
    desk.apply(DataCommand::Cancel);
    desk.apply(SoundCommand::Stop);
}
