namespace TokenRefresh.Testing;

// Reading, and writing over a record that hasn't changed since it was read.
internal sealed partial class TokenStoreRules
{
    public async Task Without_a_write_there_is_no_record()
    {
        Check.Equal(null, await ReadAsync());
        Check.Equal(null, await Store.CompareExchangeAsync(Key, "text", "a revision", null, default));
        Check.Equal(null, await ReadAsync());
    }

    public async Task A_text_is_read_as_it_was_written()
    {
        var text = "\"ü\" \\ \r\n\n\t{}'" + new string('x', 100_000) + "\n";

        var written = await WriteAsync(text);

        var read = await ReadAsync();
        Check.True(read?.Text == text, "the text is the same");
        Check.Equal(written.Revision, read?.Revision);
    }

    public async Task A_write_that_expects_no_record_leaves_one_alone()
    {
        var first = await WriteAsync("one");

        var second = await Other.CompareExchangeAsync(Key, "two", null, null, default);

        Check.Equal(("one", first.Revision), (second?.Text, second?.Revision));
        Check.Equal("one", (await ReadAsync())?.Text);
    }

    public async Task A_write_replaces_the_expected_revision_and_no_other()
    {
        var first = await WriteAsync("one");
        var second = await WriteAsync("two", first.Revision);

        var late = await Other.CompareExchangeAsync(Key, "late", first.Revision, null, default);

        Check.Equal(("two", second.Revision), (late?.Text, late?.Revision));
        Check.Equal("two", (await ReadAsync())?.Text);
    }

    public async Task Every_write_has_a_new_revision_also_of_the_same_text()
    {
        var first = await WriteAsync("one");
        var second = await WriteAsync("one", first.Revision);
        var third = await WriteAsync("one", second.Revision);

        Check.True(
            first.Revision != second.Revision && second.Revision != third.Revision && first.Revision != third.Revision,
            "the revisions differ");
    }

    public async Task A_revision_is_refused_once_it_was_replaced_also_if_its_text_is_back()
    {
        var first = await WriteAsync("one");
        var second = await WriteAsync("two", first.Revision);
        var back = await WriteAsync("one", second.Revision);

        var late = await Other.CompareExchangeAsync(Key, "late", first.Revision, null, default);

        Check.Equal(("one", back.Revision), (late?.Text, late?.Revision));
        Check.Equal("one", (await ReadAsync())?.Text);
    }

    public async Task A_revision_is_refused_once_its_record_has_ended_also_if_its_text_is_back()
    {
        var first = await WriteAsync("one", keepFor: ShortTime);
        await contract.AdvanceTimeAsync(ShortTime + ShortTime);
        var back = await WriteOverEndedAsync("one");

        var late = await Other.CompareExchangeAsync(Key, "late", first.Revision, null, default);

        Check.True(back.Revision != first.Revision, "the revisions differ");
        Check.Equal(("one", back.Revision), (late?.Text, late?.Revision));
    }

    public async Task Of_fifty_writes_of_a_first_record_one_is_made()
    {
        var text = await WriteFiftyAsync(expectedRevision: null);

        Check.Equal(text, (await ReadAsync())?.Text);
    }

    public async Task Of_fifty_writes_at_one_revision_one_is_made()
    {
        var first = await WriteAsync("one");

        var text = await WriteFiftyAsync(first.Revision);

        Check.Equal(text, (await ReadAsync())?.Text);
    }

    public async Task The_age_counts_from_the_write_by_the_stores_clock()
    {
        var first = await WriteAsync("one");
        await contract.AdvanceTimeAsync(ShortTime);
        var read = await ReadAsync();
        var second = await WriteAsync("two", first.Revision);

        Check.InRange(first.Age, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Check.InRange(read?.Age ?? default, ShortTime - TimeSpan.FromMilliseconds(50), ShortTime + TimeSpan.FromSeconds(20));
        Check.InRange(second.Age, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    public async Task A_record_stays_for_as_long_as_it_is_needed_and_for_good_if_that_isnt_known()
    {
        var first = await WriteAsync("one", keepFor: ShortTime + LongTime);
        await contract.AdvanceTimeAsync(ShortTime);
        Check.Equal("one", (await ReadAsync())?.Text);

        await WriteAsync("two", first.Revision);
        await contract.AdvanceTimeAsync(ShortTime);
        Check.Equal("two", (await ReadAsync())?.Text);
    }

    public async Task A_record_that_isnt_needed_any_more_is_in_no_writers_way()
    {
        await WriteAsync("one", keepFor: ShortTime);
        await contract.AdvanceTimeAsync(ShortTime + ShortTime);

        await WriteOverEndedAsync("two");

        Check.Equal("two", (await ReadAsync())?.Text);
    }

    public async Task Records_of_other_sessions_and_users_are_others()
    {
        TokenSessionKey[] keys =
        [
            new(Key.SessionName), new(Key.SessionName, "c"), new(Key.SessionName + "c"),
            new(Key.SessionName + ":1", "c"), new(Key.SessionName, "1:c"),
        ];
        for (var i = 0; i < keys.Length; i++)
        {
            Check.Equal("text-" + i, (await Store.CompareExchangeAsync(keys[i], "text-" + i, null, null, default))?.Text);
        }

        for (var i = 0; i < keys.Length; i++)
        {
            Check.Equal("text-" + i, (await Other.ReadAsync(keys[i], default))?.Text);
        }
    }

    public async Task Of_two_user_keys_that_are_no_valid_Unicode_neither_gets_the_record_of_the_other()
    {
        StoredRecord? other;
        try
        {
            await Store.CompareExchangeAsync(Key with { UserKey = "\ud800" }, "one", null, null, default);
            other = await Other.ReadAsync(Key with { UserKey = "\ud801" }, default);
        }
        catch (Exception e) when (e is not TokenAssertionException)
        {
            // A store may refuse such a key. It mustn't replace the half of a surrogate pair.
            return;
        }

        Check.Equal(null, other);
    }
}
