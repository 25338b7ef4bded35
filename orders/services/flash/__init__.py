"""Flash sales: units cut, admitted to, taken, given back."""
