"""Each student's mastery at a point: policy, results, rows, explanations, class figures."""
