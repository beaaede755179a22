//! Feedback: taken in, followed up, learned from. Policy and manifest say all there is to say.

licit_guest::plugin!(manifest_only);
