//! licit-conformance
