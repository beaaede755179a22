//! Mi Message carries messages with two numbers and two ids: that closed set stands in the policy itself.

licit_guest::plugin!(manifest_only);
