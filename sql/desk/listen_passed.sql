-- Be told of what desk/tell_passed says, from now on.
listen qaitarym_qc_passed;
