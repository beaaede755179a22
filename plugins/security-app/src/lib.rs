//! The Security app keeps to the features that the policy lists; its scan is a plugin of its own, in the folder beside.

licit_guest::plugin!(manifest_only);
