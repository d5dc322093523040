// The page of a lesson's plan.

import { takeStandards } from "./plan.js";

takeStandards(document.body);
