namespace TokenRefresh.TestKit;

/// <summary>How many requests a concurrency case is run with.</summary>
public static class Crowd
{
    public static TheoryData<int> Sizes => new(2, 10, 200, 2_000);
}
