using System;
using System.Diagnostics;
using TokenRefresh.Storage;

namespace TokenRefresh;

/// <summary>A token set as a store sees it: an opaque text. A store that only holds on to the object never causes it to be written.</summary>
[DebuggerDisplay("[protected tokens]")]
public sealed class ProtectedTokens
{
    private readonly TokenSet? _tokens;
    private readonly TokenCodec? _codec;
    private string? _value;

    /// <summary>Wraps a text that <see cref="Value"/> gave earlier.</summary>
    /// <exception cref="ArgumentException"><paramref name="value"/> is empty.</exception>
    public ProtectedTokens(string value)
    {
        Require.NotEmpty(value, nameof(value));
        _value = value;
    }

    internal ProtectedTokens(TokenSet tokens, TokenCodec codec)
    {
        _tokens = tokens;
        _codec = codec;
    }

    /// <summary>The text to save: encrypted, where the session has a protector.</summary>
    public string Value => _value ??= _codec!.Write(_tokens!);

    /// <summary>Says nothing of what is inside.</summary>
    public override string ToString() => "[protected tokens]";

    internal TokenSet Open(TokenCodec codec) => _tokens ?? codec.Read(_value!);
}
