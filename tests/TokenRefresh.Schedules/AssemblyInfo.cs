using Xunit.Sdk;
using Xunit.v3;

// One program at a time: each is a world of its own to Coyote, and the plants are switches for all.
[assembly: Parallelization(Mode = ParallelMode.None)]
