//! Devices that work together: baseline and manifest say it all.

licit_guest::plugin!(manifest_only);
