//! A service that asks before it processes: loads a folder of plugins once, then asks and acts on the answer.
//!
//! `cargo run --release --example evaluate -- target/plugins licit.toml cli/demo/locate.json`

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use cap_std::{ambient_authority, fs::Dir};
use licit_host::{Decision, Format, Host};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [plugins, profile, request] = arguments.as_slice() else {
        return Err("usage: evaluate PLUGINS PROFILE REQUEST".into());
    };
    // Once, at start: the library opens nothing that it is not given.
    let plugins = Dir::open_ambient_dir(plugins, ambient_authority())?;
    let host = Host::builder()
        .plugins(&plugins)?
        .profile(profile, &std::fs::read_to_string(profile)?)
        .discharges(["themes:moderate-comment"])
        .build()?;
    for refused in host.refused() {
        println!("refused: {refused}");
    }
    // For each request: check it, ask through the product's own handle, act on the answer.
    let text = std::fs::read_to_string(request)?;
    let request = host.request(request, &text, Format::Json)?;
    let product = host.product("find-device")?;
    let response = product.evaluate(&request);
    match response.decision {
        Decision::Permit => println!("go on, and see to {} obligations", response.obligations().count()),
        Decision::Deny | Decision::Pend => {
            let reasons: Vec<&str> = response.deciding().map(|it| it.rule).collect();
            println!("do not: {}", reasons.join(", "));
        }
    }
    Ok(())
}
