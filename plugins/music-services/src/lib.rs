//! Music plays and searches with what people do in it; recommending is closed to it until it declares that.

licit_guest::plugin!(manifest_only);
