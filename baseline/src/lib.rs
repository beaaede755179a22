//! licit-baseline
