#!/usr/bin/perl
# A decoder of the stdout protocol of PlanQK jobs, for the conformance kit.
# It has no limits: it declines them with exit code 2.
use strict;
use warnings;
no warnings 'recursion';
use MIME::Base64 qw(encode_base64);

if (@ARGV) {
    print STDERR "this decoder takes no limits\n";
    exit 2;
}

binmode STDIN;
binmode STDOUT;
$| = 1;
$/ = "\n";

my $WHITE = qr/[ \t\n\r]*+/;
my $STRING = qr/"(?:[^"\\\x00-\x1f]++|\\(?:["\\\/bfnrt]|u[0-9a-fA-F]{4}))*+"/;
my $NUMBER = qr/-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?/;
my ($number, $first, $taken, @block) = (0, 0, 0);

# Whether a text is one JSON text, told by a stack of brackets: no depth overflows it.
sub is_json {
    my ($text) = @_;
    my @stack;
    my $wants = 'value';    # value, first (or a closing bracket), key, first key, rest
    pos($text) = 0;
    while (1) {
        $text =~ /\G$WHITE/gc;
        if ($wants eq 'rest') {
            return pos($text) == length($text) unless @stack;
            if ($text =~ /\G,/gc) { $wants = $stack[-1] eq ']' ? 'value' : 'key' }
            elsif ($text =~ /\G([]}])/gc) { return 0 if pop(@stack) ne $1 }
            else { return 0 }
        }
        elsif ($wants =~ /first/ && $text =~ /\G([]}])/gc) {
            return 0 if pop(@stack) ne $1;
            $wants = 'rest';
        }
        elsif ($wants =~ /key/) {
            return 0 unless $text =~ /\G$STRING$WHITE:/gc;
            $wants = 'value';
        }
        elsif ($text =~ /\G\[/gc) { push @stack, ']'; $wants = 'first' }
        elsif ($text =~ /\G\{/gc) { push @stack, '}'; $wants = 'first key' }
        elsif ($text =~ /\G(?:$STRING|$NUMBER|true|false|null)/gc) { $wants = 'rest' }
        else { return 0 }
    }
}

# Perl's own decoder refuses noncharacters, which are valid UTF-8.
sub is_utf8 {
    my ($bytes) = @_;
    return $bytes =~ /\A(?:[\x00-\x7f]++|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]
        |[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]
        |\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})*+\z/x;
}

# The bytes are UTF-8 already: only what JSON strings must escape is escaped.
sub quoted {
    my ($text) = @_;
    $text =~ s/(["\\\x00-\x1f])/sprintf('\\u%04x', ord($1))/ge;
    return qq("$text");
}

sub content {
    my ($raw) = @_;
    my $ending = ending($raw);
    $raw =~ s/\r?\n\z//;
    return (is_utf8($raw) ? '"text":' . quoted($raw) : '"base64":"' . encode_base64($raw, '') . '"') . $ending;
}

sub ending {
    my ($raw) = @_;
    return $raw =~ /\n\z/ ? '' : ',"terminated":false';
}

sub head {
    my ($type, $line, $raw) = @_;
    my $breaks = substr($raw, 0, -1) =~ tr/\n//;
    return qq({"type":"$type","line":$line) . ($breaks ? ',"end_line":' . ($line + $breaks) : '');
}

sub violation {
    my ($code, $marker, $line, $raw) = @_;
    print head('violation', $line, $raw), qq(,"code":"$code","marker":"$marker","message":"$code",), content($raw), "}\n";
}

sub value {
    my ($type, $line, $raw, $payload) = @_;
    return violation('invalid-json', $type, $line, $raw) unless is_utf8($payload) && is_json($payload);
    $payload =~ tr/\r\n/  /;
    $payload =~ s/\A[ \t]+//;
    $payload =~ s/[ \t]+\z//;
    print head($type, $line, $raw), qq(,"value":$payload), ending($raw), "}\n";
}

sub final {
    my ($type, $line, $raw, $payload) = @_;
    $taken++ ? violation('duplicate-result', $type, $line, $raw) : value($type, $line, $raw, $payload);
}

while (defined(my $line = <STDIN>)) {
    $number++;
    my $is_fence = $line =~ /\APlanQK:Job:MultilineResult[ \t\r]*\n?\z/;
    if (@block) {
        push @block, $line;
        next unless $is_fence;
        my @lines = @block;
        @block = ();
        final('multiline_result', $first, join('', @lines), join('', @lines[1 .. $#lines - 1]));
    }
    elsif ($is_fence) {
        @block = ($line);
        $first = $number;
    }
    elsif ($line =~ /\APlanQK:Job:Result:(.*)/s) { final('result', $number, $line, $1) }
    elsif ($line =~ /\APlanQK:Job:InterimResult:?(.*)/s) { value('interim_result', $number, $line, $1) }
    else { print qq({"type":"log","line":$number,), content($line), "}\n" }
}
violation('unterminated-block', 'multiline_result', $first, join('', @block)) if @block;
