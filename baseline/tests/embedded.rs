//! placeholder
use licit_baseline::Baseline;
#[test]
fn reads() {
    let b = Baseline::embedded();
    println!("{}", b.compiled_rules());
}
