//! The brand's website: a profile page, news of terms, visits counted. Policy and manifest say all there is to say.

licit_guest::plugin!(manifest_only);
