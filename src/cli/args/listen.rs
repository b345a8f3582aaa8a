//! The command that makes frames audible.

use clap::{Arg, Command, value_parser};

use crate::features::Inversion;

use super::models::model_flags;
use super::{beam_flag, count_flag, data_args, path_flag, switch, threads_flag};

/// What `listen` is about, with every flag.
pub(super) fn listen() -> Command {
    let secs = |id: &'static str, help: &'static str| {
        Arg::new(id).long(id).value_name("SECONDS").help(help).value_parser(|text: &str| {
            match text.parse::<f64>() {
                Ok(secs) if secs >= 0.0 && secs.is_finite() => Ok(secs),
                _ => Err("must be a number from 0"),
            }
        })
    };
    let iterations = Inversion::default().iterations;
    let command = Command::new("listen")
        .about("Write as WAV what a model leaves of audio after so many layers, or the places where it uses a code")
        .after_help(
            "Examples:\n  \
             rvqscope listen speech/ --model m.safetensors --layers 2 --out two.wav\n  \
             rvqscope listen speech/ --model m.safetensors --clip 3 --from 1.5 --to 4 --out stretch.wav\n  \
             rvqscope listen speech/ --source --clip one.wav --out source.wav\n  \
             rvqscope listen speech/ --model m.safetensors --layer 0 --code 17 --out code.wav\n\n\
             Frames of raw samples are laid end to end. Log-mel frames have no phases: the mel filters are undone by non-negative least squares, and phases\n\
             that fit are searched for (fast Griffin-Lim), so that even unquantized frames sound a little rough. MFCC frames have no way back, and\n\
             neither have features that were read from files.",
        )
        .arg(path_flag("model", "MODEL", "The quantizer").required_unless_present("source"))
        .args(model_flags(true))
        .arg(path_flag("out", "WAV", "The file to write: one channel of float32, at the sample rate of the features").required(true))
        .arg(count_flag("layers", "K", "Hear the sum of the first K layers; 0 for the source itself [default: all]"))
        .arg(switch("source", "Hear the audio itself, as the features see it: one channel, at their sample rate").conflicts_with("layers"))
        .arg(Arg::new("clip").long("clip").value_name("NAME|N").help("Of this clip alone, by its name or its number from 0 [default: all, one after the other]"))
        .arg(secs("from", "Begin here, counted from the start of the clip, or of all clips"))
        .arg(secs("to", "End here"))
        .arg(count_flag("layer", "L", "With --code: the layer that it is of, from 0").requires("code"))
        .arg(
            Arg::new("code")
                .long("code")
                .value_name("C")
                .value_parser(value_parser!(u32))
                .requires("layer")
                .requires("model")
                .help("Hear the places where the model uses this code, from the source unless --layers says otherwise, with 0.1 s of silence between them"),
        )
        .arg(count_flag("context", "N", "With --code: frames on either side of a place [default: 5]").requires("code"))
        .arg(count_flag("most", "N", "With --code: places at most, evenly spread over all of them [default: 20]").requires("code"))
        .arg(
            Arg::new("iterations")
                .long("iterations")
                .value_name("N")
                .value_parser(value_parser!(u16))
                .help(format!("Iterations of the search for phases [default: {iterations}]")),
        )
        .arg(beam_flag("Keep B paths behind each layer [default: 1]"))
        .arg(switch("json", "Print JSON: schema, written, layers, samples, sample_rate_hz, seconds, frames, pieces, spectral_convergence, log_spectral_distance_db"))
        .arg(threads_flag());
    data_args(command, "")
}
