//! The second space, which gives push its space id: baseline and manifest say it all.

licit_guest::plugin!(manifest_only);
