using System;

namespace TokenRefresh;

/// <summary>A store's answer: the verdict, and what the record says after the operation.</summary>
/// <param name="Verdict">What became of the operation.</param>
public sealed record TokenStoreAnswer(TokenStoreVerdict Verdict)
{
    /// <summary>The record's lineage, or empty where there is none.</summary>
    public string Lineage { get; init; } = "";

    /// <summary>The record's version.</summary>
    public long Version { get; init; }

    /// <summary>The record's tokens, with <see cref="TokenStoreVerdict.Adopt"/>.</summary>
    public ProtectedTokens? Tokens { get; init; }

    /// <summary>How long ago, by the store's clock, the tokens were saved.</summary>
    public TimeSpan Age { get; init; }

    /// <summary>How long to wait, with <see cref="TokenStoreVerdict.Wait"/> and <see cref="TokenStoreVerdict.BackOff"/>.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Whether an earlier claim on this version ended without a word, or in doubt.</summary>
    public bool InDoubt { get; init; }

    /// <summary>Why the login is dead, with <see cref="TokenStoreVerdict.Dead"/>.</summary>
    public ReLoginReason Reason { get; init; }

    /// <summary>The server's error code, with <see cref="TokenStoreVerdict.Dead"/>.</summary>
    public string? Error { get; init; }
}
