//! Signing in with a social network: four items come along. Policy and manifest say all there is to say.

licit_guest::plugin!(manifest_only);
