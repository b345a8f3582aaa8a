//! `--json`: what commands print for programs, and the keys of the files that they write for them.
//!
//! Every object that is printed begins with `schema`. While that number stays the same, keys are added and none is taken away, renamed or given
//! another meaning; a value that is not known is null. Below are the keys of each: `[]` stands for the entries of a
//! list, `{a,b}` for one key after another, `*` for whatever stands there (in `compare.json` and `sweep.json` what stands in `metrics.json`), and `?`
//! for keys that are there only where they say something. `tests/json_keys.rs` holds every line against what is printed. `metrics.json` has no
//! `schema`: its keys are agreed on, and `rvqscope` in front of them is the version that wrote it.
//!
//! ```text
//! doctor
//!     schema model layers frames findings notes
//!     findings[].{id,severity,layers,codes,measured,measured[].{name,value,bound,unit},frames,text,remedy,changes,title,why,source}
//!     findings[].changes[].{key,value}?
//! repair
//!     schema written tried tried[].{fix,rows,before,after,kept} tried[].{before,after}.{snr_db,used,rare,bits}
//! listen
//!     schema written layers samples sample_rate_hz seconds frames pieces spectral_convergence log_spectral_distance_db
//! inspect, a model
//!     schema family metric layers layers[].{codes,dim,dtype,buffers} findings notes
//!     findings[].{id,severity,layers,codes,measured,measured[].{name,value,bound,unit},frames,text,remedy,changes,title,why,source}
//!     findings[].changes[].{key,value}?
//!     place? layers[].stride? chains? chains[].{layers,columns,inner_dim,projected}? training? training.*?
//! inspect, features
//!     schema kind shape dtype frames dim time_axis time_axis_reason frame_rate_hz clips clips[].{name,frames}? to_open findings
//! inspect, codes
//!     schema kind shape dtype frames dim time_axis time_axis_reason frame_rate_hz clips clips[].{name,frames} to_open findings
//!     largest_code codebook_size_assumed layers layers[].{codes,dim,usage}
//!     layers[].usage.{frames,used,utilization,perplexity,perplexity_mm,entropy_nats,gini,dead_window,dead_threshold,dead_corpus}
//!     layers[].usage.{mse,snr_db,snr_gain_db,explained_variance}
//!     tuples tuples.{frames,distinct,collision_rate,prefix_coverage}
//! inspect, audio
//!     schema kind shape dtype channels samples sample_rate_hz duration_secs frames dim features frame_rate_hz time_axis
//!     time_axis_reason clips to_open findings
//! watch, a line
//!     schema event file step step_from modified_ns frames snr_db layers before before.{file,step} findings new_findings
//!     layers[].{layer,codes,used,perplexity,dead_window,dead_threshold,snr_gain_db,ema_total,ema_used,ema_perplexity}
//!     layers[].{checkpoint_drift,token_stability,births,deaths}
//!     {findings,new_findings}[].{id,severity,layers,text,remedy}? text?
//! metrics.json
//!     rvqscope source source.{paths,frames,dim,frame_rate_hz,train_frames,held_out_frames} params params.* steps
//!     layers layers[].{layer,codes,dim,train,held_out,ema} totals totals.{train,held_out} findings diagnosis
//!     layers[].{train,held_out}.{frames,used,utilization,perplexity,perplexity_mm,entropy_nats,gini,dead_window,dead_threshold}
//!     layers[].{train,held_out}.{dead_corpus,mse,snr_db,snr_gain_db,explained_variance}
//!     layers[].ema.{used,utilization,perplexity,entropy_nats,gini,dead_threshold,near_duplicates,effective_dimension}
//!     totals.{train,held_out}.{snr_db,mse,explained_variance,bit_efficiency,nominal_kbps,effective_kbps}
//!     course? course.{best_step,above_best_db,gained_at,looked_at,kept,ended_early}?
//!     diagnosis[].{id,severity,layers,codes,measured,measured[].{name,value,bound,unit},frames,text,remedy,changes}
//!     diagnosis[].changes[].{key,value}?
//! compare.json
//!     rvqscope schema differing differing.*? runs
//!     runs[].{name,path,source,params,params.*,steps,layers,totals,diagnosis,verdicts,verdicts[].{health,line}}
//!     runs[].{source,layers[],totals,diagnosis[]}.*
//! sweep.json
//!     rvqscope schema source source.* settings settings.* axes axes[].{flag,values} runs
//!     runs[].{label,values,seed,params,params.*,steps,state,model,totals,totals.*,layers,layers[].*} runs[].error?
//! ```

use anyhow::Result;
use serde_json::{Map, Value};

/// The version of what `--json` prints.
pub const SCHEMA: u32 = 1;

/// An object as text, with the version of its layout in front.
pub(super) fn text(value: Value) -> Result<String> {
    let mut all = Map::from_iter([("schema".to_owned(), Value::from(SCHEMA))]);
    match value {
        Value::Object(fields) => all.extend(fields),
        other => drop(all.insert("value".to_owned(), other)),
    }
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}
