//! Data validation: a second opinion on phone numbers and payments. Policy and manifest say all there is to say.

licit_guest::plugin!(manifest_only);
